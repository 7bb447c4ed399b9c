package tokens

import (
	"github.com/railgate/railgate/tokens/fixedkey"
	"github.com/railgate/railgate/tokens/internal/links"
)

// Scan is one code of a batch: the code, the time of the scan and the verdict.
type Scan struct {
	Token Token
	At    int64 // time of the scan, Unix seconds
	// Reason is the parser's answer before CheckAll and the verdict afterwards.
	// CheckAll skips a scan whose Reason is not ReasonOK.
	Reason Reason
}

// Batch is the memory that [Checker.CheckAll] works in. It may be reused, by one
// goroutine at a time. The zero Batch is ready to use.
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

// CheckAll checks every scan of b at its own time. A session that was closed after
// the scan counts as open; a credential that was revoked after the scan counts as
// revoked. Apart from that each scan gets the verdict of [Checker.Check].
// For passes that were not verified before, the batch hashes several chains at a
// time and shares work between the signature verifications.
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

// verify verifies the signatures of the codes and stores them in b.signed.
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
