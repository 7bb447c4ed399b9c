package feeds

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/passage/exchange"
)

// Metrics exports the exchange of passages and the reading of bookings; nothing of parts that are not used.
type Metrics struct{ *Feeds }

var (
	descPassageDelay = prometheus.NewDesc("railgate_passage_delay_seconds",
		"Seconds from a scan at another gateway to its effect at this one (that gateway's clock to this one's); uploads and passages read while catching up are not counted.", nil, nil)
	descPassagesRead = prometheus.NewDesc("railgate_passages_read_total", "Passages in applied messages, this gateway's own included.", nil, nil)
	descPassageMsgs  = prometheus.NewDesc("railgate_passage_batches_total", "Messages of the topic of passages, by outcome.", []string{"outcome"}, nil)
	descPassageGaps  = prometheus.NewDesc("railgate_passage_batches_missing_total",
		"Numbers of messages of other gateways that were skipped: their passages were given up, or the topic lost them.", nil, nil)
	descPassageQueue = prometheus.NewDesc("railgate_passage_queue", "Passages of this gateway that wait to be sent.", nil, nil)
	descPassagesSent = prometheus.NewDesc("railgate_passages_sent_total",
		"Passages of this gateway, by outcome: acknowledged by all in-sync replicas; refused because the queue was full; lost, since they were too old, refused by the brokers or left at the end.", []string{"outcome"}, nil)
	descPassageRetry = prometheus.NewDesc("railgate_passage_send_failures_total", "Failed attempts to send passages; each is repeated.", nil, nil)
	descConflicts    = prometheus.NewDesc("railgate_passage_conflicts",
		"Second uses of a code among the stored passages of the last day, found afterwards; railgate-stream -conflicts lists all.", nil, nil)
	descConflictLost = prometheus.NewDesc("railgate_passage_conflicts_lost_total",
		"Passages that were not compared, or not for a day, because the memory for conflicts was full.", nil, nil)
	descReadFailing = prometheus.NewDesc("railgate_topic_failing_seconds",
		"Time for which reads of at least one partition of the topic have failed, seconds by this gateway's clock; 0: no read fails. railgate_stream_failing_seconds has the control topic.", []string{"topic"}, nil)
	descTopicFaults = prometheus.NewDesc("railgate_topic_faults",
		"1 if the topic is not configured as required, else 0. railgate_stream_topic_faults has the control topic.", []string{"topic"}, nil)
)

// Describe implements prometheus.Collector.
func (m Metrics) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, out)
}

// Collect implements prometheus.Collector.
func (m Metrics) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	topic := func(name string, failing time.Time, trouble string) {
		seconds, fault := 0.0, 0.0
		if !failing.IsZero() {
			seconds = time.Since(failing).Seconds()
		}
		if trouble != "" {
			fault = 1
		}
		send(descReadFailing, prometheus.GaugeValue, seconds, name)
		send(descTopicFaults, prometheus.GaugeValue, fault, name)
	}
	if m.Follower != nil {
		topic("bookings", m.Follower.Stats().FailingSince, m.Follower.Trouble())
	}
	if m.Exchange == nil {
		return
	}
	topic("passages", m.Exchange.Follower.Stats().FailingSince, m.Exchange.Follower.Trouble())
	r, w, c := m.Exchange.Reader.Stats(), m.Exchange.Writer.Stats(), m.Conflicts.Stats()
	atMost, total := r.Delay.Cumulative()
	out <- prometheus.MustNewConstHistogram(descPassageDelay, total, float64(r.Delay.SumMS)/1000, atMost)
	send(descPassagesRead, prometheus.CounterValue, float64(r.Passages))
	for _, o := range exchange.Outcomes() {
		send(descPassageMsgs, prometheus.CounterValue, float64(r.Outcomes[o]), o.String())
	}
	send(descPassageGaps, prometheus.CounterValue, float64(r.Ledger.Missing))
	send(descPassageQueue, prometheus.GaugeValue, float64(w.Queued))
	for outcome, n := range map[string]uint64{"acknowledged": w.Passages, "refused": w.Full, "lost": w.Lost} {
		send(descPassagesSent, prometheus.CounterValue, float64(n), outcome)
	}
	send(descPassageRetry, prometheus.CounterValue, float64(w.Failures))
	send(descConflicts, prometheus.GaugeValue, float64(len(m.Conflicts.List())))
	send(descConflictLost, prometheus.CounterValue, float64(c.Lost+c.Dropped))
}
