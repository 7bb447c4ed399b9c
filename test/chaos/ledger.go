package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// quarantine is how long a credential is suspended after a request with an unknown outcome. A
	// paused issuer may still process the request when it resumes: the longest pause and the
	// request's own timeout are far shorter.
	quarantine = 10 * time.Second
	recentSize = 64 // credentials changed last, which watch checks most
	// leaveOnce is the average number of draws before a holder that may leave does: checks also
	// cover holders that have not left yet.
	leaveOnce = 20
	youngest  = 40 // most changes go to these holders; the others stay unchanged for longer
)

// ledger records what the issuer acknowledged, by credential. It contains nothing that was not
// answered with 202.
type ledger struct {
	mu      sync.Mutex
	entries []*entry
	recent  []*entry // the last changed ones, a ring
	turn    int
	counts  ledgerCounts
}

type ledgerCounts struct {
	Revoked, Unrevoked int // acknowledged
	Left               int // acknowledged
	Unknown            int // requests that failed or timed out
	LastMS             int64
}

// entry is one credential; ledger.mu guards everything except the holder.
type entry struct {
	holder *holder
	status
	suspended time.Time // no request before
	before    status    // as it was when the request in progress began
}

// answer is the outcome of a request.
type answer int

const (
	acknowledged answer = iota
	unknown             // it failed or timed out: the issuer may have processed it, or may still do so
	neverSent           // connection refused: it was not sent
)

// status is the known state of a credential at one time. Times are Unix ms.
type status struct {
	Version uint64 // grows when a request is sent or answered
	Settled bool   // no request is in progress or has an unknown outcome
	Revoked bool   // or left, as last acknowledged
	Ever    bool   // a revocation, or a leave request, was sent at least once
	Leaves  bool   // the holder's: acknowledged requests are leave requests
	SentMS  int64  // just before the last acknowledged request
	AckMS   int64  // just after its answer
}

func (l *ledger) add(h *holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, &entry{holder: h, status: status{Settled: true, Leaves: h.leaves}})
}

// drop removes holders whose session is about to end and returns how many remain.
func (l *ledger) drop(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.entries[:0:0]
	for _, e := range l.entries {
		if e.holder.usable(now) {
			kept = append(kept, e)
		}
	}
	l.entries = kept
	return len(kept)
}

// statusOf returns a credential's status.
func (l *ledger) statusOf(e *entry) status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.status
}

// pick draws a credential to check: every second one was changed recently.
func (l *ledger) pick(r *rand.Rand, now time.Time) (e *entry, before status, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.entries
	if len(l.recent) > 0 && r.IntN(2) == 0 {
		from = l.recent
	}
	if len(from) == 0 {
		return nil, status{}, false
	}
	e = from[r.IntN(len(from))]
	return e, e.status, e.holder.usable(now)
}

// begin draws a credential and a change to it. Some requests repeat the present state.
func (l *ledger) begin(r *rand.Rand, now time.Time) (e *entry, revoke, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.entries
	if len(from) > youngest && r.IntN(5) > 0 {
		from = from[len(from)-youngest:]
	}
	if len(from) == 0 {
		return nil, false, false
	}
	e = from[r.IntN(len(from))]
	if e.suspended.After(now) || !e.holder.usable(now) {
		return nil, false, false
	}
	if e.holder.leaves {
		if e.Revoked || r.IntN(leaveOnce) != 0 {
			return nil, false, false
		}
		return e, l.beginRequest(e, true, now), true
	}
	return e, l.beginRequest(e, e.Revoked == (r.IntN(10) == 0), now), true
}

// unresolved returns the credentials with an unknown outcome whose suspension is over, and starts a
// request for each; waiting counts the others.
func (l *ledger) unresolved(now time.Time) (list []*entry, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		switch {
		case e.Settled || !e.holder.usable(now):
		case e.suspended.After(now):
			waiting++
		default:
			l.beginRequest(e, true, now)
			list = append(list, e)
		}
	}
	return list, waiting
}

// beginRequest records that a request is sent; it needs l.mu. Until end is called, no other
// goroutine gets the credential.
func (l *ledger) beginRequest(e *entry, revoke bool, now time.Time) bool {
	e.before = e.status
	e.Version++
	e.Settled, e.Ever = false, e.Ever || revoke
	e.SentMS = now.UnixMilli()
	e.suspended = now.Add(time.Hour)
	return revoke
}

// end records the outcome of the request.
func (l *ledger) end(e *entry, revoke bool, a answer, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Version++
	switch a {
	case neverSent:
		version := e.Version
		e.status, e.suspended = e.before, now
		e.Version = version
		return
	case unknown:
		l.counts.Unknown++
		e.suspended = now.Add(quarantine)
		return
	}
	e.Settled, e.Revoked, e.AckMS, e.suspended = true, revoke, now.UnixMilli(), time.Time{}
	l.counts.LastMS = max(l.counts.LastMS, e.AckMS)
	if e.holder.leaves {
		l.counts.Left++
	} else if revoke {
		l.counts.Revoked++
	} else {
		l.counts.Unrevoked++
	}
	if len(l.recent) < recentSize {
		l.recent = append(l.recent, e)
	} else {
		l.recent[l.turn%recentSize] = e
	}
	l.turn++
}

// all returns a copy of the list, for the final verification.
func (l *ledger) all() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*entry(nil), l.entries...)
}

func (l *ledger) count() ledgerCounts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}
