// Package corpus makes the requests that a benchmark sends, as ready bytes, and
// knows what each must be answered. Everything is made from small numbers: the
// same arguments make the same sessions.
package corpus

import (
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// KeyCount issuers sign the sessions in turn.
const KeyCount = 4

// Scope is what every request asks for.
const Scope = tokens.Entry

// Credentials of the two devices. They open nothing but the servers that the
// benchmark starts.
const (
	Gate     = gateway.CredentialPrefix + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	Stranger = gateway.CredentialPrefix + "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// Numbers of credentials, so that those of one use are not those of another.
const (
	FirstCached  = 0
	FirstNew     = 1 << 20
	FirstWarm    = 2 << 20
	FirstRevoked = 3 << 20
	firstForged  = 1 << 24
)

func issuers() (all [KeyCount]tokentest.Issuer) {
	for i := range all {
		all[i] = tokentest.NewIssuer(tokens.KeyID(1 + i))
	}
	return all
}

// Keys are the public keys of the issuers.
func Keys() (keys []tokens.Key) {
	for _, issuer := range issuers() {
		keys = append(keys, issuer.Key())
	}
	return keys
}

// Sessions are open sessions of every age, so that a code is half a session from
// its anchor on average.
type Sessions struct {
	sessions []tokentest.Session
	issuers  [KeyCount]tokentest.Issuer
	next     uint32 // credential
}

// NewSessions is n sessions, opened when codes are first asked for. first keeps
// the credentials of several Sessions apart; it is the number of the first.
func NewSessions(n int, first uint32) *Sessions {
	return &Sessions{sessions: make([]tokentest.Session, n), issuers: issuers(), next: first}
}

// Codes are what all phones show at now, one code each. A gate takes a code until
// the end of the next step, so it is good for a minute at least. A session that
// is over, or ends with this step, gives way to a new one.
func (p *Sessions) Codes(now time.Time) []tokens.Token {
	unix := now.Unix()
	codes := make([]tokens.Token, len(p.sessions))
	for i := range p.sessions {
		s := &p.sessions[i]
		if s.Links == nil {
			// The first time: spread over all ages but that of the last step.
			*s = p.open(unix - int64(i)*17%((tokens.Length-1)*tokens.Period))
		} else if unix-s.Fields.Start >= (tokens.Length-1)*tokens.Period {
			*s = p.open(unix)
		}
		codes[i] = s.Code(int(unix-s.Fields.Start) / tokens.Period)
	}
	return codes
}

func (p *Sessions) open(start int64) tokentest.Session {
	index := p.next
	p.next++
	return p.issuers[index%KeyCount].Open(index, start)
}
