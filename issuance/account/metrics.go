package account

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/provider"
)

// The results of a request for a code.
const (
	codeSent      = "sent"
	codeFailed    = "failed"    // the provider did not take it on
	codeThrottled = "throttled" // a bound on codes was reached
)

// metrics counts phone codes. Label values are fixed here.
type metrics struct {
	codes   *prometheus.CounterVec // by purpose and outcome
	entries *prometheus.CounterVec // by purpose and outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		codes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_codes_total",
			Help: "Codes that were to be sent to phones, by purpose and outcome: sent, failed at the provider, or throttled by a bound."}, []string{"purpose", "outcome"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_phone_code_entries_total",
			Help: "Codes that were entered, by purpose and outcome."}, []string{"purpose", "outcome"}),
	}
	for _, p := range provider.Purposes() {
		for _, outcome := range []string{codeSent, codeFailed, codeThrottled} {
			m.codes.WithLabelValues(string(p), outcome)
		}
		for _, outcome := range []string{"right", "wrong"} {
			m.entries.WithLabelValues(string(p), outcome)
		}
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.codes, m.entries} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("account: metrics: %w", err)
		}
	}
	return m, nil
}
