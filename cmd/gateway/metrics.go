package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/stream"
)

// streamMetrics exports the state of the follower.
type streamMetrics struct {
	*stream.Follower
	replica *revocation.Replica
}

var (
	partition    = []string{"partition"}
	descPos      = prometheus.NewDesc("railgate_stream_position", "Next offset to read, by partition.", partition, nil)
	descHigh     = prometheus.NewDesc("railgate_stream_high_watermark", "End offset of the log in the last fetch, by partition.", partition, nil)
	descStart    = prometheus.NewDesc("railgate_stream_log_start", "Start offset of the log in the last fetch, by partition.", partition, nil)
	descFetches  = prometheus.NewDesc("railgate_stream_fetches_total", "Successful fetches.", nil, nil)
	descHoles    = prometheus.NewDesc("railgate_stream_gaps_total", "Offsets skipped because compaction had removed their messages.", nil, nil)
	descUndec    = prometheus.NewDesc("railgate_stream_undecodable_total", "Responses without a decodable message at the largest fetch size.", nil, nil)
	descLagging  = prometheus.NewDesc("railgate_stream_lagging_leader_total", "Responses of new leaders with a log end before the position already read.", nil, nil)
	descDropped  = prometheus.NewDesc("railgate_stream_dropped_batches_total", "Record batches dropped because decoding them could crash or exhaust the client.", nil, nil)
	descSnapAt   = prometheus.NewDesc("railgate_snapshot_timestamp_seconds", "Time of the newest snapshot by this gateway's clock, Unix seconds; 0: none since the start.", nil, nil)
	descSnapTook = prometheus.NewDesc("railgate_snapshot_seconds", "Time to write the newest snapshot, seconds.", nil, nil)
	descSnapFail = prometheus.NewDesc("railgate_snapshot_failures_total", "Failed attempts to write a snapshot.", nil, nil)
	descRenewed  = prometheus.NewDesc("railgate_stream_watchdog_total", "Times that the watchdog opened new connections to the brokers, by cause.", []string{"why"}, nil)
	descTrouble  = prometheus.NewDesc("railgate_stream_topic_faults", "1 if the topic is not configured as required, else 0; /readyz on the admin listener has the cause.", nil, nil)
	descFailing  = prometheus.NewDesc("railgate_stream_failing_seconds", "Time for which reads of at least one partition have failed, seconds by this gateway's clock; 0: no read fails.", nil, nil)
	descEpoch    = prometheus.NewDesc("railgate_stream_epoch", "Epoch of the record numbers, by partition.", partition, nil)
	descNext     = prometheus.NewDesc("railgate_stream_next_number", "Number of the next record, by partition.", partition, nil)
	descBeat     = prometheus.NewDesc("railgate_stream_heartbeat_timestamp_seconds", "Time at which the issuer signed the newest applied message, by the issuer's clock, Unix seconds, by partition.", partition, nil)
	descErrors   = prometheus.NewDesc("railgate_stream_errors_total", "Failed calls to a broker, by class of the error.", []string{"class"}, nil)
)

// Describe implements prometheus.Collector.
func (m streamMetrics) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, out) }

// Collect implements prometheus.Collector.
func (m streamMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.Stats()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	for i, p := range s.Partitions {
		if !m.replica.Reads(i) {
			continue
		}
		label := strconv.Itoa(i)
		send(descPos, prometheus.GaugeValue, float64(p.Position), label)
		send(descHigh, prometheus.GaugeValue, float64(p.HighWatermark), label)
		send(descStart, prometheus.GaugeValue, float64(p.LogStart), label)
	}
	for i, p := range m.replica.Status(time.Now().UnixMilli()).Partitions {
		if !m.replica.Reads(i) {
			continue
		}
		label := strconv.Itoa(i)
		send(descEpoch, prometheus.GaugeValue, float64(p.Epoch), label)
		send(descNext, prometheus.GaugeValue, float64(p.Next), label)
		send(descBeat, prometheus.GaugeValue, float64(p.IssuedMS)/1000, label)
	}
	for why, n := range s.Renewed {
		send(descRenewed, prometheus.CounterValue, float64(n), why)
	}
	trouble := 0.0
	if m.Trouble() != "" {
		trouble = 1
	}
	send(descTrouble, prometheus.GaugeValue, trouble)
	failing := 0.0
	if !s.FailingSince.IsZero() {
		failing = time.Since(s.FailingSince).Seconds()
	}
	send(descFailing, prometheus.GaugeValue, failing)
	send(descFetches, prometheus.CounterValue, float64(s.Fetches))
	send(descHoles, prometheus.CounterValue, float64(s.Holes))
	send(descLagging, prometheus.CounterValue, float64(s.Lagging))
	send(descDropped, prometheus.CounterValue, float64(s.DroppedBatches))
	send(descUndec, prometheus.CounterValue, float64(s.Undecodable))
	send(descSnapAt, prometheus.GaugeValue, float64(s.SnapshotMS)/1000)
	send(descSnapTook, prometheus.GaugeValue, s.SnapshotTook.Seconds())
	send(descSnapFail, prometheus.CounterValue, float64(s.SnapshotFailures))
	for class, n := range s.Errors {
		send(descErrors, prometheus.CounterValue, float64(n), class)
	}
}
