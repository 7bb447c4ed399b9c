package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/revocation/publish"
)

// publisherMetrics shows how the outbox empties.
type publisherMetrics struct{ *publish.Publisher }

var (
	descSent     = prometheus.NewDesc("railgate_publish_messages_total", "Messages the brokers acknowledged.", []string{"kind"}, nil)
	descRecords  = prometheus.NewDesc("railgate_publish_records_total", "Records the brokers acknowledged.", nil, nil)
	descSpent    = prometheus.NewDesc("railgate_publish_record_seconds_total", "Seconds of published records by part: wait from acceptance until the outbox was asked, take from it, sign, produce; each record counts with the whole time of its batch.", []string{"part"}, nil)
	descFailures = prometheus.NewDesc("railgate_publish_failures_total", "Attempts that failed and were or will be repeated.", nil, nil)
	descRestated = prometheus.NewDesc("railgate_publish_restatements_total", "Times everything in force was published again in a new epoch.", nil, nil)
	descFailing  = prometheus.NewDesc("railgate_publish_failing_seconds", "For how long attempts of this issuer to publish have failed, seconds by its own clock; 0: publishing works, or another issuer does it.", nil, nil)
	descLeading  = prometheus.NewDesc("railgate_publish_leading", "1 if this issuer is the one that publishes, 0 if it stands by.", nil, nil)
	descFaults   = prometheus.NewDesc("railgate_publish_topic_faults", "Settings of the control topic that endanger what is promised, when they were last looked at.", nil, nil)
	descLast     = prometheus.NewDesc("railgate_publish_last_timestamp_seconds", "When each partition last took a message, Unix time.", []string{"partition"}, nil)
)

// Describe implements prometheus.Collector.
func (m publisherMetrics) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, out)
}

// Collect implements prometheus.Collector.
func (m publisherMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.Stats()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	count(descSent, s.Batches, "batch")
	count(descSent, s.Heartbeats, "heartbeat")
	count(descRecords, s.Records)
	for part, d := range map[string]time.Duration{"wait": s.Spent.Wait, "take": s.Spent.Take, "sign": s.Spent.Sign, "produce": s.Spent.Produce} {
		out <- prometheus.MustNewConstMetric(descSpent, prometheus.CounterValue, d.Seconds(), part)
	}
	count(descFailures, s.Failures)
	count(descRestated, s.Restatements)
	failing := 0.0
	if s.Failing != "" {
		failing = time.Since(s.FailingSince).Seconds()
	}
	out <- prometheus.MustNewConstMetric(descFailing, prometheus.GaugeValue, failing)
	leading := 0.0
	if s.Leading {
		leading = 1
	}
	out <- prometheus.MustNewConstMetric(descLeading, prometheus.GaugeValue, leading)
	out <- prometheus.MustNewConstMetric(descFaults, prometheus.GaugeValue, float64(s.TopicFaults))
	for p, ms := range s.LastMS {
		out <- prometheus.MustNewConstMetric(descLast, prometheus.GaugeValue, float64(ms)/1000, strconv.Itoa(p))
	}
}
