package bench

import (
	"crypto/ed25519"
	"sync"

	"github.com/railgate/railgate/tokens"
)

// plainRevoked is a set behind a lock.
type plainRevoked struct {
	mu      sync.RWMutex
	serials map[tokens.Serial]struct{}
}

func (r *plainRevoked) Cutoff(tokens.Subject) int64 { return 0 }

// Closed looks up the plain set of closed sessions.
func (r *plainRevoked) Closed(s tokens.Serial, start, by int64) bool {
	return theClosed().plain.Closed(s, start, by)
}

// plainClosed is the closed sessions behind a lock, with the second of the closing.
type plainClosed struct {
	mu       sync.RWMutex
	sessions map[opened]int64
}

func (c *plainClosed) Closed(s tokens.Serial, start, by int64) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	at, yes := c.sessions[opened{s, start}]
	return yes && at <= by
}

func (r *plainRevoked) Revoked(s tokens.Serial) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, yes := r.serials[s]
	return yes
}

// plainPasses stores passes in a map behind a lock. It never evicts, and has none of the
// bookkeeping of a bounded cache.
type plainPasses struct {
	mu    sync.RWMutex
	known map[tokens.SignedPass]struct{}
}

func newPlainPasses() *plainPasses {
	return &plainPasses{known: map[tokens.SignedPass]struct{}{}}
}

func (p *plainPasses) Verified(pass *tokens.SignedPass) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, yes := p.known[*pass]
	return yes
}

func (p *plainPasses) Remember(pass *tokens.SignedPass) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[*pass] = struct{}{}
}

// plainGate composes the plain rivals in the order of the check.
type plainGate struct {
	keys    map[uint16]ed25519.PublicKey
	revoked *plainRevoked
	passes  *plainPasses
}

func newPlainGate(keys []tokens.Key, revoked *plainRevoked) *plainGate {
	g := &plainGate{keys: map[uint16]ed25519.PublicKey{}, revoked: revoked, passes: newPlainPasses()}
	for _, k := range keys {
		g.keys[uint16(k.ID)] = k.Public[:]
	}
	return g
}

// check gives the same answers as ParseText and Checker.Check; now is Unix seconds.
func (g *plainGate) check(text string, now int64, scope tokens.Scope) tokens.Reason {
	t, reason := plainParse(text)
	if reason != tokens.ReasonOK {
		return reason
	}
	public, ok := g.keys[t.Key]
	if !ok {
		return tokens.ReasonUnknownKey
	}
	if reason := t.plainTimes(now); reason != tokens.ReasonOK {
		return reason
	}
	if t.Scopes&uint8(scope) == 0 {
		return tokens.ReasonScope
	}
	if g.revoked.Revoked(tokens.Serial{Day: t.Day, Index: t.Index}) {
		return tokens.ReasonRevoked
	}
	if g.revoked.Closed(tokens.Serial{Day: t.Day, Index: t.Index}, int64(t.Start), tokens.Never) {
		return tokens.ReasonSessionClosed
	}
	if !t.plainLinkHolds() {
		return tokens.ReasonLink
	}
	pass := tokens.SignedPass(t.raw[:108])
	if g.passes.Verified(&pass) {
		return tokens.ReasonOK
	}
	if !t.plainSigned(public) {
		return tokens.ReasonSignature
	}
	g.passes.Remember(&pass)
	return tokens.ReasonOK
}

func (t *plainToken) plainTimes(now int64) tokens.Reason {
	elapsed, period := now-int64(t.Start), int64(t.Period)
	if now >= int64(t.Expiry) {
		return tokens.ReasonCredentialExpired
	}
	if elapsed < -5 {
		return tokens.ReasonNotYet
	}
	begins := int64(t.Step) * period // of the shown step, counted from the start
	if elapsed < begins-5 {
		return tokens.ReasonAhead
	}
	current := max(0, elapsed) / period
	if int64(t.Step) >= current-1 {
		return tokens.ReasonOK
	}
	if current >= int64(t.Length) {
		return tokens.ReasonSessionOver
	}
	return tokens.ReasonStale
}
