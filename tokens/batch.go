package tokens

import (
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/internal/links"
)

// Scan is one code of a batch: what was shown, when, and what came of it.
type Scan struct {
	Token Token
	At    int64 // the second to judge it by, Unix time
	// Reason is the parser's before CheckAll, and the answer afterwards. What is not
	// ReasonOK is left as it is.
	Reason Reason
}

// Batch is the memory that CheckAll works in. It may be used again, by one
// goroutine at a time; the zero Batch is ready.
type Batch struct {
	Scans []Scan

	unproven []unproven
	chains   []links.Chain
	signed   []fixedkey.Signed
	messages [][SignedSize]byte
}

type unproven struct {
	scan *Scan
	key  *Key
}

// CheckAll is Check for every scan of b, each as of its own moment: a session that
// was closed after the scan was open then, while a credential that was revoked since
// stays refused. Apart from that it answers what Check would, one after the other.
// In a batch, the chains of codes not seen before are hashed several at a time, and
// the verifications of their signatures share the work that they can share.
func (c *Checker) CheckAll(b *Batch, scope Scope) {
	b.unproven, b.chains = b.unproven[:0], b.chains[:0]
	for i := range b.Scans {
		s := &b.Scans[i]
		if s.Reason != ReasonOK {
			continue
		}
		var key *Key
		if s.Reason, key = c.screen(&s.Token, s.At, s.At, scope); key != nil {
			b.unproven = append(b.unproven, unproven{s, key})
			b.chains = append(b.chains, links.Chain{Link: [16]byte(*s.Token.link()), Serial: *s.Token.serialBytes(), From: s.Token.raw[offStep]})
		}
	}
	links.BackAll(b.chains)
	linked := b.unproven[:0]
	for i, u := range b.unproven {
		if b.chains[i].Link != *u.scan.Token.anchor() {
			u.scan.Reason = ReasonLink
			continue
		}
		linked = append(linked, u)
	}
	b.verify(linked)
	for i, u := range linked {
		if u.scan.Token.zeroNonce() || !b.signed[i].Good {
			u.scan.Reason = ReasonSignature
			continue
		}
		u.scan.Reason = ReasonOK
		if c.Passes != nil {
			c.Passes.Remember(u.scan.Token.Pass(), u.scan.Token.shown())
		}
	}
}

// verify sets b.signed to the signatures of the codes, verified.
func (b *Batch) verify(codes []unproven) {
	if len(b.messages) < len(codes) {
		b.messages = make([][SignedSize]byte, len(codes))
	}
	b.signed = b.signed[:0]
	for i, u := range codes {
		u.scan.Token.signed(&b.messages[i])
		b.signed = append(b.signed, fixedkey.Signed{Key: u.key.verifier, Message: b.messages[i][:], Signature: u.scan.Token.signature()})
	}
	fixedkey.VerifyBatch(b.signed)
}
