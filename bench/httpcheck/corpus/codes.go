// Package corpus makes the requests that a benchmark sends, as ready bytes, and
// knows what each must be answered. Everything is made from small numbers: the
// same arguments make the same sessions.
package corpus

import (
	"encoding/binary"
	"math/rand/v2"
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

// Forge makes n codes that everything speaks for but the signature, as a forger
// with the format's document would make them: a key in service, good times and
// scopes, a serial that is not revoked, and a chain of his own whose current
// link fits the anchor. So a gate can refuse them only by verifying the
// signature, the dearest thing it does. The signature is random but keeps S
// below the group's order: a larger one would be refused for its form alone.
// The same seed forges the same.
func Forge(n int, now time.Time, seed uint64) []tokens.Token {
	random := rand.New(rand.NewPCG(seed, 0x666f72676564))
	keys, unix := Keys(), now.Unix()
	codes := make([]tokens.Token, n)
	for i := range codes {
		age := random.Int64N((tokens.Length - 1) * tokens.Period)
		start := unix - age
		p := tokens.Pass{
			Key: keys[random.IntN(len(keys))].ID, Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: firstForged + random.Uint32N(firstForged)},
			Start: start, Expiry: start + tokens.CredentialLife, Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes,
		}
		binary.BigEndian.PutUint64(p.Subject[:], random.Uint64())
		var secret tokens.Link
		binary.BigEndian.PutUint64(secret[:8], random.Uint64())
		binary.BigEndian.PutUint64(secret[8:], random.Uint64())
		anchor, links := tokens.Chain(secret, p.Serial, tokens.Length)
		p.Anchor = anchor
		message, err := p.Message()
		if err != nil {
			panic("BUG: a forged pass is out of bounds: " + err.Error())
		}
		var signature [tokens.SigSize]byte
		for o := 0; o < len(signature); o += 8 {
			binary.BigEndian.PutUint64(signature[o:], random.Uint64())
		}
		signature[tokens.SigSize-1] &= 0x0f // S is little-endian and the order a little above 2^252
		pass := tokens.AssemblePass(&message, &signature)
		step := int(age) / tokens.Period
		codes[i] = tokens.Assemble(&pass, uint8(step), links[step])
	}
	return codes
}
