package remote

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/provider"
)

// outcome is what came of a callback.
type outcome string

const (
	outcomeDecided      outcome = "decided"      // a waiting check has its decision
	outcomeRepeated     outcome = "repeated"     // it had the same one
	outcomeContradicted outcome = "contradicted" // it had the other one, which stands
	outcomeLate         outcome = "late"         // nobody waited any more
	outcomeUnknown      outcome = "unknown"      // no such check, or long ago
	outcomeUnsigned     outcome = "unsigned"     // not by the provider, or not now
	outcomeMalformed    outcome = "malformed"    // not a callback
)

var outcomes = []outcome{outcomeDecided, outcomeRepeated, outcomeContradicted, outcomeLate, outcomeUnknown, outcomeUnsigned, outcomeMalformed}

// outcomeOf sorts what provider.Receiver did not take.
func outcomeOf(err error) outcome {
	if err == provider.ErrSignature {
		return outcomeUnsigned
	}
	return outcomeMalformed
}

type metrics struct{ callbacks *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer, promises *provider.Breaker) (*metrics, error) {
	m := &metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "railgate_issuer_real_person_callbacks_total", Help: "Callbacks of the real-person provider by what came of them.",
	}, []string{"outcome"})}
	for _, o := range outcomes {
		m.callbacks.WithLabelValues(string(o)) // shown as 0 from the start
	}
	if reg == nil {
		return m, nil
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_real_person_breaker",
		Help: "Whether callbacks come: 0: checks go through; 1: one check tries; 2: the provider is left alone.",
	}, func() float64 { return float64(promises.State()) })
	return m, errors.Join(reg.Register(m.callbacks), reg.Register(breaker))
}

func (m *metrics) callback(o outcome) { m.callbacks.WithLabelValues(string(o)).Inc() }
