package tokentest

import "github.com/railgate/railgate/tokens"

// Revoked is a set of revoked credentials.
type Revoked map[tokens.Serial]bool

var _ tokens.Revocations = Revoked(nil)

// Revoked reports whether s is in the set.
func (r Revoked) Revoked(s tokens.Serial) bool { return r[s] }

// Cutoff returns 0: no subject has a cutoff.
func (r Revoked) Cutoff(tokens.Subject) int64 { return 0 }

// Closed returns false: no session is closed.
func (r Revoked) Closed(tokens.Serial, int64, int64) bool { return false }

// Revocations contains revoked credentials, subjects' cutoffs and closed sessions.
type Revocations struct {
	Serials Revoked
	Cutoffs map[tokens.Subject]int64
	Ended   map[Opened]int64 // time of closing, Unix seconds
}

// Opened identifies a session.
type Opened struct {
	Serial tokens.Serial
	Start  int64 // Unix seconds
}

var _ tokens.Revocations = Revocations{}

// Revoked reports whether s is in the set.
func (r Revocations) Revoked(s tokens.Serial) bool { return r.Serials[s] }

// Cutoff returns the cutoff of a subject, or 0.
func (r Revocations) Cutoff(s tokens.Subject) int64 { return r.Cutoffs[s] }

// Closed reports whether a session was closed at time by or earlier.
func (r Revocations) Closed(s tokens.Serial, start, by int64) bool {
	at, closed := r.Ended[Opened{s, start}]
	return closed && at <= by
}

// Serials is a set of serials that are exempt from a key's cutoff.
type Serials map[tokens.Serial]bool

// Has reports whether s is in the set.
func (set Serials) Has(s tokens.Serial) bool { return set[s] }

// Passes remembers every pass and counts its calls, which shows a test whether a
// signature was verified or remembered. It is not safe for concurrent use and grows
// without bound.
type Passes struct {
	Hits, Misses, Remembered, Advanced int

	known map[tokens.SignedPass]tokens.Shown
}

var _ tokens.Passes = (*Passes)(nil)

// Recall reports whether p was given to Remember, and returns the last link given with it.
func (m *Passes) Recall(p *tokens.SignedPass) (newest tokens.Shown, ok bool) {
	newest, ok = m.known[*p]
	if ok {
		m.Hits++
	} else {
		m.Misses++
	}
	return newest, ok
}

// Remember stores p and its link.
func (m *Passes) Remember(p *tokens.SignedPass, shown tokens.Shown) {
	if m.known == nil {
		m.known = make(map[tokens.SignedPass]tokens.Shown)
	}
	if _, known := m.known[*p]; known {
		m.Advanced++
	} else {
		m.Remembered++
	}
	m.known[*p] = shown
}
