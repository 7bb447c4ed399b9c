package tokentest

import "github.com/railgate/railgate/tokens"

// Revoked is a set of revoked credentials.
type Revoked map[tokens.Serial]bool

var _ tokens.Revocations = Revoked(nil)

// Revoked reports whether s is in the set.
func (r Revoked) Revoked(s tokens.Serial) bool { return r[s] }

// CutOff knows no subject.
func (r Revoked) CutOff(tokens.Subject) int64 { return 0 }

// Passes remembers every pass and counts what it was asked, so that a test can
// tell a remembered answer from a fresh one. It is for one goroutine and grows
// without bound; a real one may forget.
type Passes struct {
	Hits, Misses, Remembered int

	known map[tokens.SignedPass]bool
}

var _ tokens.Passes = (*Passes)(nil)

// Verified reports whether p was given to Remember.
func (m *Passes) Verified(p *tokens.SignedPass) bool {
	if m.known[*p] {
		m.Hits++
		return true
	}
	m.Misses++
	return false
}

// Remember keeps p for ever.
func (m *Passes) Remember(p *tokens.SignedPass) {
	if m.known == nil {
		m.known = make(map[tokens.SignedPass]bool)
	}
	m.known[*p] = true
	m.Remembered++
}
