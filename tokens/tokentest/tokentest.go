// Package tokentest makes codes for tests, benchmarks, the load test and the demo.
// Its keys are derived from small numbers and are not secret. An import test keeps
// it out of the gateway and the issuer.
package tokentest

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Epoch is a fixed time for tests, Unix seconds: 2026-02-10 08:00:00 Beijing time.
const Epoch = 1770681600

// Issuer issues passes with one key.
type Issuer struct {
	ID     tokens.KeyID
	Signer signing.Signer
}

// NewIssuer derives an issuer from its key id. The same id gives the same key.
func NewIssuer(id tokens.KeyID) Issuer {
	return Issuer{ID: id, Signer: signing.NewKey(Seed(id))}
}

// Seed returns the private seed of NewIssuer's key, for tests that make signatures
// that a Signer does not make.
func Seed(id tokens.KeyID) [signing.SeedSize]byte {
	return sha256.Sum256([]byte{'k', byte(id >> 8), byte(id)})
}

// Key returns the issuer's public key, without a cutoff.
func (i Issuer) Key() tokens.Key {
	return tokens.Key{ID: i.ID, Public: i.Signer.Public(), Cutoff: tokens.Never}
}

// Keys returns a set that contains only this issuer's key.
func (i Issuer) Keys() *tokens.KeySet {
	set, err := tokens.NewKeySet(i.Key())
	if err != nil {
		panic("BUG: one key clashes with itself: " + err.Error())
	}
	return set
}

// Session is an open session as it is stored on a phone.
type Session struct {
	Fields tokens.Pass
	Pass   tokens.SignedPass
	Links  []tokens.Link
}

// Open opens a session at start (Unix seconds) for the credential with the index. The
// credential is approved at start and valid for every scope.
func (i Issuer) Open(index uint32, start int64) Session {
	return i.OpenAs(tokens.Pass{
		Serial: tokens.Serial{Day: uint16(tokens.DayOf(start)), Index: index},
		Start:  start, Expiry: start + tokens.CredentialLife,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes,
	})
}

// OpenAs opens a session with the given fields. Key, subject, anchor and links are
// derived from them. It panics for fields that the parser would refuse.
func (i Issuer) OpenAs(p tokens.Pass) Session {
	var name [10]byte
	binary.BigEndian.PutUint16(name[0:], p.Serial.Day)
	binary.BigEndian.PutUint32(name[2:], p.Serial.Index)
	binary.BigEndian.PutUint32(name[6:], uint32(p.Start))
	sum := sha256.Sum256(name[:])
	p.Key = i.ID
	p.Subject = tokens.Subject(sum[:8])
	anchor, links := tokens.Chain(tokens.Link(sum[16:]), p.Serial, int(p.Length))
	p.Anchor = anchor
	pass, err := signing.Pass(i.Signer, &p)
	if err != nil {
		panic("tokentest: " + err.Error())
	}
	return Session{Fields: p, Pass: pass, Links: links}
}

// Code returns the code that the phone shows in a step.
func (s *Session) Code(step int) tokens.Token {
	return tokens.Assemble(&s.Pass, uint8(step), s.Links[step])
}
