package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is the state of a [Breaker].
type State uint8

// The states.
const (
	Closed   State = iota // calls are allowed
	HalfOpen              // one call, the probe, tests the service
	Open                  // calls are refused
)

// String returns the state's name in logs.
func (s State) String() string {
	switch s {
	case Closed:
		return "closed"
	case HalfOpen:
		return "half-open"
	}
	return "open"
}

// Verdict is the result of a call for the [Breaker].
type Verdict uint8

// The verdicts.
const (
	Neutral Verdict = iota // no result: the caller canceled
	Good                   // the service followed the protocol, with any answer
	Bad                    // fault, invalid answer or timeout
)

// Breaker is a circuit breaker. It opens after a number of consecutive bad calls, refuses calls for a
// pause, and then allows one probe, which closes it or opens it again.
//
// It reads no clock: callers pass in the time. It is safe for concurrent use.
type Breaker struct {
	faults int
	pause  time.Duration

	mu      sync.Mutex
	state   State
	bad     int       // consecutive bad calls; mu
	retryAt time.Time // end of the pause, if open; mu
	probing bool      // a probe is in progress; mu
	age     uint64    // incremented with each change of state; mu
}

// Permit permits one call; [Breaker.Done] returns it. The zero value is no permit.
type Permit struct{ age uint64 }

// NewBreaker makes a closed breaker. faults must be at least 1 and pause above 0.
func NewBreaker(faults int, pause time.Duration) *Breaker {
	if faults < 1 || pause <= 0 {
		panic("BUG: provider: a breaker needs at least 1 fault and a pause above 0")
	}
	return &Breaker{faults: faults, pause: pause, age: 1}
}

// State returns the state after the last call. A breaker whose pause is over stays open until the next
// call.
func (b *Breaker) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Allow reports whether a call may begin now. If so, the caller must call Done in every case: a probe
// without Done blocks the service permanently.
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

// Done records the verdict of a call. A call that began before the last change of state is ignored.
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

// outcome is the result of a call: the only metric label besides the service's name.
type outcome string

const (
	outcomeAnswered outcome = "answered" // the service followed the protocol, with any answer
	outcomeInvalid  outcome = "invalid"  // the answer is not signed, or violates the protocol
	outcomeTimeout  outcome = "timeout"
	outcomeBroken   outcome = "broken" // no connection, or it broke
	outcomeLeft     outcome = "left"   // the caller canceled
	outcomeOpen     outcome = "open"   // not sent: the breaker is open
	outcomeFull     outcome = "full"   // not sent: too many calls in progress
)

var outcomes = []outcome{outcomeAnswered, outcomeInvalid, outcomeTimeout, outcomeBroken, outcomeLeft, outcomeOpen, outcomeFull}

// outcomeOf classifies the error of a call.
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

// verdict is the outcome's verdict for the breaker.
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

// newMetrics makes the collectors of one service. The program fixes the service's name, and this package
// the outcomes: callers cannot choose a label.
func newMetrics(reg prometheus.Registerer, service string, b *Breaker) (*metrics, error) {
	named := prometheus.Labels{"service": service}
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "railgate_issuer_provider_calls_total", Help: "Calls to an outside service, by outcome.", ConstLabels: named,
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "railgate_issuer_provider_seconds", Help: "Duration of calls that were sent to an outside service, seconds by the issuer's monotonic clock.", ConstLabels: named,
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15},
		}),
	}
	for _, o := range outcomes {
		m.calls.WithLabelValues(string(o)) // exported as 0 from the start
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_provider_breaker", Help: "State of the circuit breaker of an outside service: 0 closed, 1 half-open (one call tests it), 2 open (calls are refused).",
		ConstLabels: named,
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
