package keyring

import "github.com/prometheus/client_golang/prometheus"

var (
	descKey      = prometheus.NewDesc("railgate_issuer_signing_key", "Id of the issuer key that signs now; 0 if none is in service.", nil, nil)
	descFailures = prometheus.NewDesc("railgate_issuer_key_lookup_failures_total", "Times the issuer keys could not be looked up; it is tried again.", nil, nil)
)

// gauges reads the ring when it is asked.
type gauges struct{ r *Ring }

// Describe implements prometheus.Collector.
func (gauges) Describe(out chan<- *prometheus.Desc) {
	out <- descKey
	out <- descFailures
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	id, _, _ := g.r.Current(g.r.now()) // 0 with an error
	out <- prometheus.MustNewConstMetric(descKey, prometheus.GaugeValue, float64(id))
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.r.failures.Load()))
}
