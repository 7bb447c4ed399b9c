// Package corpus makes the requests of a benchmark as ready bytes, and judges their answers. It is
// deterministic: the same arguments make the same sessions.
package corpus

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// KeyCount is the number of issuers that sign the sessions in turn.
const KeyCount = 4

// Scope is the scope of every request.
const Scope = tokens.Entry

// Credentials of the two devices. Only the servers of the benchmark accept them.
const (
	Gate     = gateway.CredentialPrefix + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	Stranger = gateway.CredentialPrefix + "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// First credential indexes, one range for each use.
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

// Keys returns the public keys of the issuers.
func Keys() (keys []tokens.Key) {
	for _, issuer := range issuers() {
		keys = append(keys, issuer.Key())
	}
	return keys
}

// Sessions are open sessions of every age: a code is half a session from its anchor on average.
type Sessions struct {
	sessions []tokentest.Session
	issuers  [KeyCount]tokentest.Issuer
	next     uint32 // index of the next credential
}

// NewSessions returns n sessions, which open at the first call of Codes. first is the index of the
// first credential, to separate several Sessions.
func NewSessions(n int, first uint32) *Sessions {
	return &Sessions{sessions: make([]tokentest.Session, n), issuers: issuers(), next: first}
}

// Codes returns the code that each phone shows at now. A gate accepts a code until the end of the
// next step, so it is valid for at least a minute. A session that has ended, or ends with this
// step, is replaced by a new one.
func (p *Sessions) Codes(now time.Time) []tokens.Token {
	unix := now.Unix()
	codes := make([]tokens.Token, len(p.sessions))
	for i := range p.sessions {
		s := &p.sessions[i]
		if s.Links == nil {
			// The first time: spread over all ages except that of the last step.
			*s = p.openSession(unix - int64(i)*17%((tokens.Length-1)*tokens.Period))
		} else if unix-s.Fields.Start >= (tokens.Length-1)*tokens.Period {
			*s = p.openSession(unix)
		}
		codes[i] = s.Code(int(unix-s.Fields.Start) / tokens.Period)
	}
	return codes
}

func (p *Sessions) openSession(start int64) tokentest.Session {
	index := p.next
	p.next++
	return p.issuers[index%KeyCount].Open(index, start)
}

// Forge returns n codes that are correct except for the signature, as a forger with the format's
// document would make them: an active key, valid times and scopes, a serial that is not revoked,
// and a chain whose current link matches the anchor. A gate can refuse them only by verifying the
// signature, its most expensive operation. The signature is random, with S below the group's order:
// a larger S would be refused without verification. The same seed makes the same codes.
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
		signature[tokens.SigSize-1] &= 0x0f // S is little-endian and the order is slightly above 2^252
		pass := tokens.AssemblePass(&message, &signature)
		step := int(age) / tokens.Period
		codes[i] = tokens.Assemble(&pass, uint8(step), links[step])
	}
	return codes
}
