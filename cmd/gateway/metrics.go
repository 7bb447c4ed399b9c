package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/stream"
)

// streamMetrics shows how the follower gets on.
type streamMetrics struct {
	*stream.Follower
	replica *revocation.Replica
}

var (
	partition    = []string{"partition"}
	descPos      = prometheus.NewDesc("railgate_stream_position", "Next offset to read.", partition, nil)
	descHigh     = prometheus.NewDesc("railgate_stream_high_watermark", "Log end that the last fetch saw.", partition, nil)
	descStart    = prometheus.NewDesc("railgate_stream_log_start", "Log start that the last fetch saw.", partition, nil)
	descFetches  = prometheus.NewDesc("railgate_stream_fetches_total", "Successful fetches.", nil, nil)
	descHoles    = prometheus.NewDesc("railgate_stream_gaps_total", "Offsets stepped through where compaction left nothing.", nil, nil)
	descUndec    = prometheus.NewDesc("railgate_stream_undecodable_total", "Responses in which nothing decoded at the largest size.", nil, nil)
	descLagging  = prometheus.NewDesc("railgate_stream_lagging_leader_total", "Responses of new leaders that named an end behind what was read already.", nil, nil)
	descDropped  = prometheus.NewDesc("railgate_stream_dropped_batches_total", "Batches that somebody made to hurt whoever decodes them; they were taken out.", nil, nil)
	descSnapAt   = prometheus.NewDesc("railgate_snapshot_timestamp_seconds", "When the newest snapshot was taken, Unix time; 0: none since the start.", nil, nil)
	descSnapTook = prometheus.NewDesc("railgate_snapshot_seconds", "How long the newest snapshot took to write.", nil, nil)
	descSnapFail = prometheus.NewDesc("railgate_snapshot_failures_total", "Snapshots that could not be written.", nil, nil)
	descRenewed  = prometheus.NewDesc("railgate_stream_watchdog_total", "Times the watchdog opened new connections to the brokers.", []string{"why"}, nil)
	descTrouble  = prometheus.NewDesc("railgate_stream_topic_faults", "1 if the topic is not as it must be; /readyz on the admin listener says why.", nil, nil)
	descFailing  = prometheus.NewDesc("railgate_stream_failing_seconds", "For how long reads of at least one partition have failed, seconds by this gateway's clock; 0: all work.", nil, nil)
	descEpoch    = prometheus.NewDesc("railgate_stream_epoch", "Incarnation of the numbering.", partition, nil)
	descNext     = prometheus.NewDesc("railgate_stream_next_number", "Number that the next record will have.", partition, nil)
	descBeat     = prometheus.NewDesc("railgate_stream_heartbeat_timestamp_seconds", "When the issuer signed the newest message that was applied, Unix time.", partition, nil)
	descErrors   = prometheus.NewDesc("railgate_stream_errors_total", "Failed calls to a broker.", []string{"class"}, nil)
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
		label := strconv.Itoa(i)
		send(descPos, prometheus.GaugeValue, float64(p.Position), label)
		send(descHigh, prometheus.GaugeValue, float64(p.HighWatermark), label)
		send(descStart, prometheus.GaugeValue, float64(p.LogStart), label)
	}
	for i, p := range m.replica.Status(time.Now().UnixMilli()).Partitions {
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
