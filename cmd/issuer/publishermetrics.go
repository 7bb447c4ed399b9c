package main

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/revocation/publish"
)

// publisherDescs are the metrics of one publisher.
type publisherDescs struct {
	sent, records, spent, failures, republished, failing, leading, faults, last *prometheus.Desc
}

// controlMetrics have the names from before there was a second stream.
var controlMetrics = publisherDescs{
	sent:        prometheus.NewDesc("railgate_publish_messages_total", "Messages acknowledged by the brokers.", []string{"kind"}, nil),
	records:     prometheus.NewDesc("railgate_publish_records_total", "Records acknowledged by the brokers.", nil, nil),
	spent:       prometheus.NewDesc("railgate_publish_record_seconds_total", "Seconds that published records spent in each part: wait (from acceptance until the outbox is read), take (reading the outbox), sign, produce. Each record counts the whole time of its batch.", []string{"part"}, nil),
	failures:    prometheus.NewDesc("railgate_publish_failures_total", "Failed attempts to publish. Each is retried.", nil, nil),
	republished: prometheus.NewDesc("railgate_publish_republications_total", "Republications: times everything active was published again in a new epoch.", nil, nil),
	failing:     prometheus.NewDesc("railgate_publish_failing_seconds", "Seconds since this issuer's publishing began to fail, by its own clock; 0 while publishing works or another issuer publishes.", nil, nil),
	leading:     prometheus.NewDesc("railgate_publish_leading", "1 if this issuer is the publisher, 0 if it is on standby.", nil, nil),
	faults:      prometheus.NewDesc("railgate_publish_topic_faults", "Settings of the control topic that endanger its guarantees, at the last check.", nil, nil),
	last:        prometheus.NewDesc("railgate_publish_last_timestamp_seconds", "Time of the last message acknowledged for each partition, Unix seconds by this issuer's clock.", []string{"partition"}, nil),
}

// bookingsMetrics are those of the stream of bookings. Their names differ, so that an alarm on the control stream keeps
// its meaning.
var bookingsMetrics = publisherDescs{
	sent:        prometheus.NewDesc("railgate_publish_bookings_messages_total", "Messages of the stream of bookings acknowledged by the brokers.", []string{"kind"}, nil),
	records:     prometheus.NewDesc("railgate_publish_bookings_records_total", "Records of the stream of bookings acknowledged by the brokers; a booking is one for each pseudonym and station.", nil, nil),
	spent:       prometheus.NewDesc("railgate_publish_bookings_record_seconds_total", "Seconds that published records of the stream of bookings spent in each part: wait (from acceptance until the outbox is read), take (reading the outbox), sign, produce. Each record counts the whole time of its batch.", []string{"part"}, nil),
	failures:    prometheus.NewDesc("railgate_publish_bookings_failures_total", "Failed attempts to publish bookings. Each is retried.", nil, nil),
	republished: prometheus.NewDesc("railgate_publish_bookings_republications_total", "Republications of the stream of bookings: times every booking of a journey that is not over was published again in a new epoch.", nil, nil),
	failing:     prometheus.NewDesc("railgate_publish_bookings_failing_seconds", "Seconds since this issuer's publishing of bookings began to fail, by its own clock; 0 while it works or another issuer publishes.", nil, nil),
	leading:     prometheus.NewDesc("railgate_publish_bookings_leading", "1 if this issuer is the publisher of bookings, 0 if it is on standby.", nil, nil),
	faults:      prometheus.NewDesc("railgate_publish_bookings_topic_faults", "Settings of the topic of bookings that endanger its guarantees, at the last check.", nil, nil),
	last:        prometheus.NewDesc("railgate_publish_bookings_last_timestamp_seconds", "Time of the last message of the stream of bookings acknowledged for each partition, Unix seconds by this issuer's clock.", []string{"partition"}, nil),
}

// publisherMetrics exports the statistics of a [publish.Publisher].
type publisherMetrics struct {
	*publish.Publisher
	descs publisherDescs
}

var (
	descBookingsWaiting = prometheus.NewDesc("railgate_issuer_bookings_waiting", "Booking records in the outbox that are not in the stream of bookings yet.", nil, nil)
	descBookingsOverdue = prometheus.NewDesc("railgate_issuer_bookings_overdue", "Tickets whose booking or cancellation has been due for more than a minute, by this issuer's clock, and has not entered the outbox.", nil, nil)
)

// scrapeTimeout bounds the queries of one scrape. Without an answer a value is missing, which an alarm can detect.
const scrapeTimeout = time.Second

// bookingQueues queries the database for bookings that gateways do not have yet, at each scrape.
type bookingQueues struct {
	outbox   *outbox.Outbox
	registry *registry.Store
}

// Describe implements [prometheus.Collector].
func (q bookingQueues) Describe(out chan<- *prometheus.Desc) {
	out <- descBookingsWaiting
	out <- descBookingsOverdue
}

// Collect implements [prometheus.Collector].
func (q bookingQueues) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	for d, count := range map[*prometheus.Desc]func(context.Context) (int64, error){
		descBookingsWaiting: q.outbox.Waiting, descBookingsOverdue: q.registry.OverdueBookings,
	} {
		if n, err := count(ctx); err == nil {
			out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n))
		}
	}
}

// Describe implements [prometheus.Collector].
func (m publisherMetrics) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, out)
}

// Collect implements [prometheus.Collector].
func (m publisherMetrics) Collect(out chan<- prometheus.Metric) {
	s := m.Stats()
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	count(m.descs.sent, s.Batches, "batch")
	count(m.descs.sent, s.Heartbeats, "heartbeat")
	count(m.descs.records, s.Records)
	for part, d := range map[string]time.Duration{"wait": s.Spent.Wait, "take": s.Spent.Take, "sign": s.Spent.Sign, "produce": s.Spent.Produce} {
		out <- prometheus.MustNewConstMetric(m.descs.spent, prometheus.CounterValue, d.Seconds(), part)
	}
	count(m.descs.failures, s.Failures)
	count(m.descs.republished, s.Republications)
	failing := 0.0
	if s.Failing != "" {
		failing = time.Since(s.FailingSince).Seconds()
	}
	out <- prometheus.MustNewConstMetric(m.descs.failing, prometheus.GaugeValue, failing)
	leading := 0.0
	if s.Leading {
		leading = 1
	}
	out <- prometheus.MustNewConstMetric(m.descs.leading, prometheus.GaugeValue, leading)
	out <- prometheus.MustNewConstMetric(m.descs.faults, prometheus.GaugeValue, float64(s.TopicFaults))
	for p, ms := range s.LastMS {
		out <- prometheus.MustNewConstMetric(m.descs.last, prometheus.GaugeValue, float64(ms)/1000, strconv.Itoa(p))
	}
}
