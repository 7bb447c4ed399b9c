package audit

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scrapeTimeout bounds the database call behind a scrape.
const scrapeTimeout = time.Second

var (
	descPosition = prometheus.NewDesc("railgate_issuer_audit_position", "Place of the newest sealed entry of the audit trail.", nil, nil)
	descUnsealed = prometheus.NewDesc("railgate_issuer_audit_unsealed", "Entries of the audit trail that wait to be sealed.", nil, nil)
	descAge      = prometheus.NewDesc("railgate_issuer_audit_unsealed_age_seconds", "Age of the oldest of them; 0 if none waits.", nil, nil)
	descFailures = prometheus.NewDesc("railgate_issuer_audit_seal_failures_total", "Times the audit trail could not be sealed; it is tried again.", nil, nil)
	descRefused  = prometheus.NewDesc("railgate_issuer_audit_refused", "Entries of the audit log that stay unsealed because no issuer wrote them, as of this process's last sealing; 0 if all is well.", nil, nil)
	descLost     = prometheus.NewDesc("railgate_issuer_audit_anchor_lost", "1 if an anchor logged before was found missing from the audit trail.", nil, nil)
)

// gauges reads the trail when it is asked. A database that does not answer leaves
// its values out, which an alert sees, and the others in.
type gauges struct{ t *Trail }

// Describe implements prometheus.Collector.
func (gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descPosition, descUnsealed, descAge, descFailures, descRefused, descLost} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	out <- prometheus.MustNewConstMetric(descFailures, prometheus.CounterValue, float64(g.t.sealFailures.Load()))
	lost := 0.0
	if g.t.lost.Load() {
		lost = 1
	}
	gauge(descLost, lost)
	refused := int64(0)
	if r := g.t.refused.Load(); r != nil {
		refused = r.count
	}
	gauge(descRefused, float64(refused))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	s, err := g.t.State(ctx)
	if err != nil {
		return
	}
	gauge(descPosition, float64(s.Head.Position))
	gauge(descUnsealed, float64(s.Unsealed))
	age := 0.0
	if s.OldestMs != 0 {
		age = max(0, g.t.now().Sub(time.UnixMilli(s.OldestMs)).Seconds())
	}
	gauge(descAge, age)
}
