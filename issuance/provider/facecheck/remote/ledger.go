package remote

import (
	"sync"

	"github.com/railgate/railgate/issuance/provider"
)

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
