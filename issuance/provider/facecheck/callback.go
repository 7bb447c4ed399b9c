package facecheck

import (
	"errors"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/provider"
)

// maxCallback bounds a callback's body, bytes; an honest one has less than 100.
const maxCallback = 1024

// Callback takes the provider's decisions. It answers at once, waits for nothing
// but the body, and says nothing to who does not hold the secret. Its server must
// bound the time to read a request.
func (c *HTTPChecker) Callback() http.Handler { return http.HandlerFunc(c.callback) }

func (c *HTTPChecker) callback(w http.ResponseWriter, r *http.Request) {
	id, said, signature, err := c.readCallback(w, r)
	if err != nil {
		c.metrics.callback(outcomeOf(err))
		c.receiver.WriteError(w, err)
		return
	}
	o := c.ledger.decide(id, said)
	c.metrics.callback(o)
	status := http.StatusOK
	if o == outcomeContradicted {
		c.log.Error("real-person provider contradicts itself; its first decision stands", zap.Stringer("check", id))
		status = http.StatusConflict
	}
	c.receiver.WriteAnswer(w, signature, status, struct{}{})
}

func (c *HTTPChecker) readCallback(w http.ResponseWriter, r *http.Request) (id provider.ID, said decision, s provider.Signature, err error) {
	var body struct {
		Request  string   `json:"request"`
		Decision decision `json:"decision"`
	}
	if s, err = c.receiver.ReadRequest(w, r, &body); err != nil {
		return id, "", s, err
	}
	id, ok := provider.ParseID(body.Request)
	if !ok || !body.Decision.final() {
		return id, "", s, provider.ErrForm
	}
	return id, body.Decision, s, nil
}

// decision is what a provider says of a check.
type decision string

const (
	undecided decision = ""
	passed    decision = "passed"
	failed    decision = "failed"
	later     decision = "later" // in an answer only: the callback will tell
)

// final reports whether it decides a check.
func (d decision) final() bool { return d == passed || d == failed }

// pastPerWaiting is how many checks that are over are remembered for each that
// may wait: enough for a provider that repeats its callbacks for a minute.
const pastPerWaiting = 16

// ledger knows the checks at hand and the last ones that are over. The first
// decision on a check stands. It is safe for many goroutines at once.
type ledger struct {
	most int // checks at hand; 16 times as many are remembered

	mu      sync.Mutex
	waiting map[provider.ID]*check   // mu
	past    map[provider.ID]decision // undecided: it was given up; mu
	order   []provider.ID            // of past, a ring; mu
	oldest  int                      // mu
}

// check is one at hand. decision is set before decided is closed, and never again.
type check struct {
	decided  chan struct{}
	decision decision
}

func newLedger(most int) *ledger {
	return &ledger{most: most, waiting: make(map[provider.ID]*check), past: make(map[provider.ID]decision)}
}

// begin takes a new check; it refuses one too many.
func (l *ledger) begin(id provider.ID) (*check, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= l.most {
		return nil, false
	}
	c := &check{decided: make(chan struct{})}
	l.waiting[id] = c
	return c, true
}

// decide records a final decision and says what came of it.
func (l *ledger) decide(id provider.ID, d decision) outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, atHand := l.waiting[id]
	known, over := l.past[id]
	if atHand {
		known = c.decision
	}
	switch {
	case !atHand && !over:
		return outcomeUnknown
	case known.final() && known != d:
		return outcomeContradicted
	case known.final():
		return outcomeRepeated
	case over:
		return outcomeLate
	}
	c.decision = d
	close(c.decided)
	return outcomeDecided
}

// end is when nobody waits for the check any more: nothing changes it from now on.
func (l *ledger) end(id provider.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, atHand := l.waiting[id]
	if !atHand {
		return
	}
	delete(l.waiting, id)
	l.past[id] = c.decision
	if len(l.order) < l.most*pastPerWaiting {
		l.order = append(l.order, id)
		return
	}
	delete(l.past, l.order[l.oldest])
	l.order[l.oldest] = id
	l.oldest = (l.oldest + 1) % len(l.order)
}

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
		Name: "railgate_issuer_face_callbacks_total", Help: "Callbacks of the real-person provider by what came of them.",
	}, []string{"outcome"})}
	for _, o := range outcomes {
		m.callbacks.WithLabelValues(string(o)) // shown as 0 from the start
	}
	if reg == nil {
		return m, nil
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_face_breaker",
		Help: "Whether callbacks come: 0: checks go through; 1: one check tries; 2: the provider is left alone.",
	}, func() float64 { return float64(promises.State()) })
	return m, errors.Join(reg.Register(m.callbacks), reg.Register(breaker))
}

func (m *metrics) callback(o outcome) { m.callbacks.WithLabelValues(string(o)).Inc() }
