package staff

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts who came and what they asked for. Label values are fixed here.
type metrics struct {
	shown *prometheus.CounterVec // by outcome
	asked *prometheus.CounterVec // by action, outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		shown: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_credentials_total",
			Help: "Requests that needed a staff credential, by what was shown."}, []string{"outcome"}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_actions_total",
			Help: "Actions that a known credential asked for, by what its roles say."}, []string{"action", "outcome"}),
	}
	for _, outcome := range []string{"known", "unknown", "expired"} {
		m.shown.WithLabelValues(outcome) // shown as 0 from the start
	}
	for _, a := range Actions() {
		m.asked.WithLabelValues(string(a), "allowed")
		m.asked.WithLabelValues(string(a), "refused")
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.shown), reg.Register(m.asked))
}
