package httpapi

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count by route pattern and status class: nothing a caller can choose
// becomes a label.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, in classes) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "railgate_issuer_requests_total", Help: "Requests by route and class of status.",
		}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "railgate_issuer_request_seconds", Help: "Time to serve a request by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"route"}),
	}
	if reg == nil {
		return m, nil
	}
	if err := reg.Register(m.requests); err != nil {
		return nil, err
	}
	return m, errors.Join(reg.Register(m.seconds), reg.Register(in))
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status/100)+"xx").Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

var (
	descInFlight = prometheus.NewDesc("railgate_issuer_in_flight",
		"Requests at hand, by class: body counts those whose body is arriving, serve those that have a place.", []string{"class", "stage"}, nil)
	descShed = prometheus.NewDesc("railgate_issuer_shed_total",
		"Requests refused with overloaded because the class or their network or credential had no room, by class and stage.", []string{"class", "stage"}, nil)
)

// Describe has classes be a prometheus.Collector.
func (c classes) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, out) }

// Collect tells how full the places are. Callbacks arrive with passengers' bodies.
func (c classes) Collect(out chan<- prometheus.Metric) {
	tell := func(class, stage string, p *pool) {
		out <- prometheus.MustNewConstMetric(descInFlight, prometheus.GaugeValue, float64(p.inside()), class, stage)
		out <- prometheus.MustNewConstMetric(descShed, prometheus.CounterValue, float64(p.shed.Load()), class, stage)
	}
	tell(c.passengers.name, "body", c.passengers.bodies)
	tell(c.staff.name, "body", c.staff.bodies)
	for _, in := range []class{c.passengers, c.staff, c.callbacks} {
		tell(in.name, "serve", in.serving)
	}
}
