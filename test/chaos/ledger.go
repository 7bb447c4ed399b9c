package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// quarantine is how long a credential rests after a request whose fate is
	// unknown. A paused issuer may still carry it out once it runs again: the
	// longest pause and the request's own bound lie far below.
	quarantine = 10 * time.Second
	recentSize = 64 // credentials changed last, which the watch asks for most
	// leaveOnce is how many times a holder who may leave is drawn before it leaves, on
	// average: so requests also name holders that have not left yet.
	leaveOnce = 20
	youngest  = 40 // holders that most changes go to; the others stay as they are for longer
)

// ledger is what the issuer acknowledged, credential by credential. It knows
// nothing that was not answered with 202.
type ledger struct {
	mu      sync.Mutex
	entries []*entry
	recent  []*entry // the last ones changed, a ring
	turn    int
	counts  ledgerCounts
}

type ledgerCounts struct {
	Revoked, Lifted int // acknowledged
	Left            int // acknowledged
	Unknown         int // requests that failed or timed out
	LastMS          int64
}

// entry is one credential; ledger.mu guards all but the holder.
type entry struct {
	holder *holder
	standing
	rest   time.Time // not to be touched before
	before standing  // as it was when the request under way began
}

// answer is what became of a request.
type answer int

const (
	acknowledged answer = iota
	unknown             // it failed or timed out: it may have been carried out, or still be
	neverSent           // nobody listened: it did not leave
)

// standing is what is known of a credential at one moment. Times are Unix ms.
type standing struct {
	Version uint64 // grows whenever a request is sent or answered
	Settled bool   // no request is under way and none has an unknown fate
	Revoked bool   // or left, as last acknowledged
	Ever    bool   // a revocation, or a leaving, was sent at least once
	Leaves  bool   // the holder's: what is acknowledged is a leaving
	SentMS  int64  // just before the last acknowledged request
	AckMS   int64  // just after its answer
}

func (l *ledger) add(h *holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, &entry{holder: h, standing: standing{Settled: true, Leaves: h.leaves}})
}

// drop forgets holders whose session is about to end, and returns how many are left.
func (l *ledger) drop(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.entries[:0:0]
	for _, e := range l.entries {
		if e.holder.good(now) {
			kept = append(kept, e)
		}
	}
	l.entries = kept
	return len(kept)
}

// look reads a credential's standing.
func (l *ledger) look(e *entry) standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return e.standing
}

// pick draws a credential to ask for: every second one changed a moment ago.
func (l *ledger) pick(r *rand.Rand, now time.Time) (e *entry, before standing, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.entries
	if len(l.recent) > 0 && r.IntN(2) == 0 {
		from = l.recent
	}
	if len(from) == 0 {
		return nil, standing{}, false
	}
	e = from[r.IntN(len(from))]
	return e, e.standing, e.holder.good(now)
}

// begin draws a credential to change and what into. Now and then a request
// repeats the state that holds already.
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
	if e.rest.After(now) || !e.holder.good(now) {
		return nil, false, false
	}
	if e.holder.leaves {
		if e.Revoked || r.IntN(leaveOnce) != 0 {
			return nil, false, false
		}
		return e, l.send(e, true, now), true
	}
	return e, l.send(e, e.Revoked == (r.IntN(10) == 0), now), true
}

// open lists the credentials whose fate has to be asked for again, as far as
// their rest is over; waiting counts the others.
func (l *ledger) open(now time.Time) (list []*entry, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		switch {
		case e.Settled || !e.holder.good(now):
		case e.rest.After(now):
			waiting++
		default:
			l.send(e, true, now)
			list = append(list, e)
		}
	}
	return list, waiting
}

// send notes that a request leaves; l.mu is held. Until end is called nobody
// else gets the credential.
func (l *ledger) send(e *entry, revoke bool, now time.Time) bool {
	e.before = e.standing
	e.Version++
	e.Settled, e.Ever = false, e.Ever || revoke
	e.SentMS = now.UnixMilli()
	e.rest = now.Add(time.Hour)
	return revoke
}

// end notes what became of the request.
func (l *ledger) end(e *entry, revoke bool, a answer, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Version++
	switch a {
	case neverSent:
		version := e.Version
		e.standing, e.rest = e.before, now
		e.Version = version
		return
	case unknown:
		l.counts.Unknown++
		e.rest = now.Add(quarantine)
		return
	}
	e.Settled, e.Revoked, e.AckMS, e.rest = true, revoke, now.UnixMilli(), time.Time{}
	l.counts.LastMS = max(l.counts.LastMS, e.AckMS)
	if e.holder.leaves {
		l.counts.Left++
	} else if revoke {
		l.counts.Revoked++
	} else {
		l.counts.Lifted++
	}
	if len(l.recent) < recentSize {
		l.recent = append(l.recent, e)
	} else {
		l.recent[l.turn%recentSize] = e
	}
	l.turn++
}

// all copies the list, for the check at the end.
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
