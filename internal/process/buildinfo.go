package process

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/internal/version"
)

// BuildInfo is the metric that tells which build runs.
func BuildInfo() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "railgate_build_info",
		Help:        "Always 1; the labels name the version of this program and of Go.",
		ConstLabels: prometheus.Labels{"version": version.String(), "go": runtime.Version()},
	})
	g.Set(1)
	return g
}
