package throttle

import "github.com/prometheus/client_golang/prometheus"

var descSlowed = prometheus.NewDesc("railgate_issuer_network_slowed_total",
	"Attempts refused because most of what their network tried of this effort had failed.", []string{"effort"}, nil)

// Describe has Lockout be a prometheus.Collector.
func (f *Lockout) Describe(out chan<- *prometheus.Desc) { out <- descSlowed }

// Collect tells how many attempts of slowed networks were refused.
func (f *Lockout) Collect(out chan<- prometheus.Metric) {
	for _, e := range Efforts() {
		out <- prometheus.MustNewConstMetric(descSlowed, prometheus.CounterValue, float64(f.nets.slowed[e].Load()), string(e))
	}
}
