package tokens

import (
	"encoding/binary"
	"fmt"
)

// Pass contains the fields that an issuer signs when a session opens. Times are Unix
// seconds. Issuers use it to make codes; a gate reads a [Token] in place.
type Pass struct {
	Key     KeyID
	Serial  Serial
	Subject Subject
	Start   int64 // start of step 0
	Expiry  int64 // end of the credential: approval plus CredentialLife
	Period  uint8 // seconds per step
	Length  uint8 // steps in the session
	Scopes  Scopes
	Anchor  Link // end of the hash chain, see [Chain]
}

// Message returns the bytes that the issuer signs: SigningDomain and the body. It
// returns an error with the fields for a pass that the parser would refuse.
func (p *Pass) Message() ([SignedSize]byte, error) {
	var m [SignedSize]byte
	if !fits32(p.Start) || !fits32(p.Expiry) {
		// Truncated to 32 bits they would be another time, possibly within bounds.
		return m, fmt.Errorf("tokens: start %d or expiry %d does not fit 32 bits", p.Start, p.Expiry)
	}
	copy(m[:], SigningDomain)
	b := m[len(SigningDomain):]
	b[offVersion] = Version
	binary.BigEndian.PutUint16(b[offKey:], uint16(p.Key))
	binary.BigEndian.PutUint16(b[offDay:], p.Serial.Day)
	binary.BigEndian.PutUint32(b[offIndex:], p.Serial.Index)
	copy(b[offSubject:], p.Subject[:])
	binary.BigEndian.PutUint32(b[offStart:], uint32(p.Start))
	binary.BigEndian.PutUint32(b[offExpiry:], uint32(p.Expiry))
	b[offPeriod] = p.Period
	b[offLength] = p.Length
	b[offScopes] = byte(p.Scopes)
	copy(b[offAnchor:], p.Anchor[:])

	var t Token
	copy(t.raw[:], b)
	if t.wellFormed() != ReasonOK {
		return m, fmt.Errorf("tokens: pass %s is out of bounds: start %d, expiry %d, period %d, length %d, scopes %#x",
			p.Serial, p.Start, p.Expiry, p.Period, p.Length, byte(p.Scopes))
	}
	return m, nil
}

func fits32(unix int64) bool { return unix == int64(uint32(unix)) }

// AssemblePass joins a message made by [Pass.Message] and its signature.
func AssemblePass(message *[SignedSize]byte, signature *[SigSize]byte) SignedPass {
	var s SignedPass
	copy(s[:], message[len(SigningDomain):])
	copy(s[offSig:], signature[:])
	return s
}

// Assemble makes the code that a phone shows in one step. It does not check that the
// link belongs to the pass.
func Assemble(pass *SignedPass, step uint8, link Link) Token {
	var t Token
	copy(t.raw[:], pass[:])
	t.raw[offStep] = step
	copy(t.raw[offLink:], link[:])
	return t
}

// Fields returns the fields of the token's pass, for tools and tests.
func (t *Token) Fields() Pass {
	return Pass{
		Key: t.KeyID(), Serial: t.Serial(), Subject: t.Subject(),
		Start: t.Start(), Expiry: t.Expiry(),
		Period: t.raw[offPeriod], Length: t.raw[offLength],
		Scopes: t.Scopes(), Anchor: *t.anchor(),
	}
}
