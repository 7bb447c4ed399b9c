package provider

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is how a call ended: the only label besides the service's name.
type outcome string

const (
	outcomeAnswered outcome = "answered" // in the protocol, whatever it said
	outcomeInvalid  outcome = "invalid"  // not signed, or not of the protocol
	outcomeTimeout  outcome = "timeout"
	outcomeBroken   outcome = "broken" // no connection, or it broke
	outcomeLeft     outcome = "left"   // the caller went away
	outcomeOpen     outcome = "open"   // not sent: the service is left alone
	outcomeFull     outcome = "full"   // not sent: too many in flight
)

var outcomes = []outcome{outcomeAnswered, outcomeInvalid, outcomeTimeout, outcomeBroken, outcomeLeft, outcomeOpen, outcomeFull}

// outcomeOf sorts what a call returned.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return outcomeAnswered
	case errors.Is(err, context.Canceled):
		return outcomeLeft
	case errors.Is(err, ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return outcomeTimeout
	case errors.Is(err, ErrAnswer):
		return outcomeInvalid
	}
	return outcomeBroken
}

// verdict is what an outcome says of the service.
func (o outcome) verdict() Verdict {
	switch o {
	case outcomeAnswered:
		return Good
	case outcomeLeft:
		return Neutral
	}
	return Bad
}

type metrics struct {
	calls   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// newMetrics makes the collectors of one service. Its name is fixed by the
// program and the outcomes are fixed here.
func newMetrics(reg prometheus.Registerer, service string, b *Breaker) (*metrics, error) {
	named := prometheus.Labels{"service": service}
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "railgate_issuer_partner_calls_total", Help: "Calls to outside services by outcome.", ConstLabels: named,
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "railgate_issuer_partner_seconds", Help: "How long calls to outside services took that were sent.", ConstLabels: named,
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
	}
	for _, o := range outcomes {
		m.calls.WithLabelValues(string(o)) // shown as 0 from the start
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_partner_breaker", Help: "0: calls go through; 1: one call tries the service; 2: it is left alone.", ConstLabels: named,
	}, func() float64 { return float64(b.State()) })
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.calls, m.seconds, breaker} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) call(o outcome) { m.calls.WithLabelValues(string(o)).Inc() }
