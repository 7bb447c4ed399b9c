package facecheck

import (
	"errors"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/provider"
)

// maxCallback bounds a callback's body, bytes; a valid one has less than 100.
const maxCallback = 1024

// Callback returns the handler of the provider's decisions. It blocks only to read the body, and answers
// callers without the secret with a status only. Its server must bound the time to read a request.
func (c *HTTPChecker) Callback() http.Handler { return http.HandlerFunc(c.callback) }

func (c *HTTPChecker) callback(w http.ResponseWriter, r *http.Request) {
	id, d, signature, err := c.readCallback(w, r)
	if err != nil {
		c.metrics.callback(outcomeOf(err))
		c.receiver.WriteError(w, err)
		return
	}
	o := c.ledger.decide(id, d)
	c.metrics.callback(o)
	status := http.StatusOK
	if o == outcomeContradicted {
		c.log.Error("face check: the provider contradicts itself; its first decision counts", zap.Stringer("check", id))
		status = http.StatusConflict
	}
	c.receiver.WriteAnswer(w, signature, status, struct{}{})
}

func (c *HTTPChecker) readCallback(w http.ResponseWriter, r *http.Request) (id provider.ID, d decision, s provider.Signature, err error) {
	var body struct {
		Request  string   `json:"request"`
		Decision decision `json:"decision"`
	}
	if s, err = c.receiver.ReadRequest(w, r, &body); err != nil {
		return id, "", s, err
	}
	id, ok := provider.ParseID(body.Request)
	if !ok || !body.Decision.final() {
		return id, "", s, provider.ErrFormat
	}
	return id, body.Decision, s, nil
}

// decision is a provider's decision on a check.
type decision string

const (
	pending decision = ""
	passed  decision = "passed"
	failed  decision = "failed"
	later   decision = "later" // in an answer only: a callback will follow
)

// final reports whether the decision ends a check.
func (d decision) final() bool { return d == passed || d == failed }

// pastPerWaiting is the number of stored ended checks for each concurrent check: enough for a provider that
// repeats its callbacks for a minute.
const pastPerWaiting = 16

// ledger stores the checks in progress and the last ended ones. The first decision on a check counts. It is
// safe for concurrent use.
type ledger struct {
	most int // checks in progress; 16 times as many ended ones are stored

	mu      sync.Mutex
	waiting map[provider.ID]*check   // mu
	past    map[provider.ID]decision // pending: ended without a decision; mu
	order   []provider.ID            // keys of past, a ring buffer; mu
	oldest  int                      // index in order; mu
}

// check is a check in progress. decision is set once, before decided is closed.
type check struct {
	decided  chan struct{}
	decision decision
}

func newLedger(most int) *ledger {
	return &ledger{most: most, waiting: make(map[provider.ID]*check), past: make(map[provider.ID]decision)}
}

// begin registers a new check, or refuses it if too many are in progress.
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

// decide records a final decision and returns the outcome.
func (l *ledger) decide(id provider.ID, d decision) outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, inProgress := l.waiting[id]
	known, ended := l.past[id]
	if inProgress {
		known = c.decision
	}
	switch {
	case !inProgress && !ended:
		return outcomeUnknown
	case known.final() && known != d:
		return outcomeContradicted
	case known.final():
		return outcomeRepeated
	case ended:
		return outcomeLate
	}
	c.decision = d
	close(c.decided)
	return outcomeDecided
}

// end moves a check to the ended ones: later decisions do not change it.
func (l *ledger) end(id provider.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, inProgress := l.waiting[id]
	if !inProgress {
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

// outcome is the outcome of a callback, a metric label.
type outcome string

const (
	outcomeDecided      outcome = "decided"      // decided a check in progress
	outcomeRepeated     outcome = "repeated"     // the check had the same decision
	outcomeContradicted outcome = "contradicted" // the check had the other decision, which counts
	outcomeLate         outcome = "late"         // the check had ended without a decision
	outcomeUnknown      outcome = "unknown"      // no such check, or ended long ago
	outcomeUnsigned     outcome = "unsigned"     // no valid signature
	outcomeMalformed    outcome = "malformed"    // not a callback
)

var outcomes = []outcome{outcomeDecided, outcomeRepeated, outcomeContradicted, outcomeLate, outcomeUnknown, outcomeUnsigned, outcomeMalformed}

// outcomeOf classifies an error of [provider.Receiver.ReadRequest].
func outcomeOf(err error) outcome {
	if err == provider.ErrSignature {
		return outcomeUnsigned
	}
	return outcomeMalformed
}

type metrics struct{ callbacks *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer, callbackBreaker *provider.Breaker) (*metrics, error) {
	m := &metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "railgate_issuer_face_callbacks_total", Help: "Callbacks received from the face check provider, by outcome.",
	}, []string{"outcome"})}
	for _, o := range outcomes {
		m.callbacks.WithLabelValues(string(o)) // exported as 0 from the start
	}
	if reg == nil {
		return m, nil
	}
	breaker := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "railgate_issuer_face_breaker",
		Help: "State of the circuit breaker for missing callbacks: 0 closed, 1 half-open (one check tests the provider), 2 open (checks are refused).",
	}, func() float64 { return float64(callbackBreaker.State()) })
	return m, errors.Join(reg.Register(m.callbacks), reg.Register(breaker))
}

func (m *metrics) callback(o outcome) { m.callbacks.WithLabelValues(string(o)).Inc() }
