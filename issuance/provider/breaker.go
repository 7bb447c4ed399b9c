package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is how a Breaker stands.
type State uint8

const (
	Closed   State = iota // calls go through
	HalfOpen              // one call, the probe, finds out how the service is
	Open                  // no call goes through
)

// String is the state in logs.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	}
	return "open"
}

// Verdict is what a call says of the service.
type Verdict uint8

const (
	Neutral Verdict = iota // nothing: the caller went away
	Good                   // it answered as it must, whatever the answer
	Bad                    // fault, lie or timeout
)

// Breaker leaves a service in trouble alone. Closed, it opens after Faults bad
// calls with no good one between. Open, it lets nothing through for Pause; then
// one probe, which closes it or opens it again.
//
// It has no clock: each call says what time it is. Safe for many goroutines at
// once.
type Breaker struct {
	faults int
	pause  time.Duration

	mu      sync.Mutex
	state   State
	bad     int       // in a row; mu
	retryAt time.Time // when open; mu
	probing bool      // a probe is on its way; mu
	age     uint64    // grows with each change of state; mu
}

// Permit is leave for one call, given back by Done. The zero value is none.
type Permit struct{ age uint64 }

// NewBreaker is closed. faults must be at least 1 and pause above 0.
func NewBreaker(faults int, pause time.Duration) *Breaker {
	if faults < 1 || pause <= 0 {
		panic("BUG: partner: a breaker that cannot work")
	}
	return &Breaker{faults: faults, pause: pause, age: 1}
}

// State is how it stood after the last call; an open one whose pause is over
// stays open until a call comes.
func (b *Breaker) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Allow says whether a call may begin now. If so, Done must follow, always: a
// probe that does not come back keeps the service shut off.
func (b *Breaker) Allow(now time.Time) (p Permit, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == Open && !now.Before(b.retryAt) {
		b.become(HalfOpen)
	}
	if b.state == Open || b.state == HalfOpen && b.probing {
		return Permit{}, false
	}
	b.probing = b.state == HalfOpen
	return Permit{b.age}, true
}

// Done says how a call ended. A call that began before the last change of state
// tells of another time and changes nothing.
func (b *Breaker) Done(p Permit, v Verdict, now time.Time) (state State, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.age != b.age {
		return b.state, false
	}
	b.probing = false
	switch {
	case v == Good && b.state == HalfOpen:
		b.become(Closed)
		return Closed, true
	case v == Good:
		b.bad = 0
	case v == Bad:
		b.bad++
		if b.state == HalfOpen || b.bad >= b.faults {
			b.become(Open)
			b.retryAt = now.Add(b.pause)
			return Open, true
		}
	}
	return b.state, false
}

func (b *Breaker) become(s State) {
	b.state, b.bad, b.probing = s, 0, false
	b.age++
}

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
			Name: "railgate_issuer_provider_calls_total", Help: "Calls to outside services by outcome.", ConstLabels: named,
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "railgate_issuer_provider_seconds", Help: "How long calls to outside services took that were sent.", ConstLabels: named,
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
	}
	for _, o := range outcomes {
		m.calls.WithLabelValues(string(o)) // shown as 0 from the start
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_provider_breaker", Help: "0: calls go through; 1: one call tries the service; 2: it is left alone.", ConstLabels: named,
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
