package bench

import (
	"crypto/ed25519"
	"testing"

	circl "github.com/cloudflare/circl/sign/ed25519"

	"github.com/railgate/railgate/tokens"
)

// signed is a pass in parts, prepared for the rivals before the timer starts.
type signed struct{ public, message, signature []byte }

func (c *corpus) signed() []signed {
	all := make([]signed, len(c.codes))
	for i := range c.codes {
		pass := &c.codes[i].session.Pass
		key := c.keys.Key(c.codes[i].session.Fields.Key)
		all[i] = signed{key.Public[:], plainMessage(pass[:tokens.BodySize]), pass[tokens.BodySize:]}
	}
	return all
}

// With one flipped bit of the signature, all three verifiers refuse.
func TestSignatureVerifiersAgree(t *testing.T) {
	c := theCorpus()
	checker := tokens.Checker{Keys: c.keys}
	for i, s := range c.signed() {
		if i == tokens.SigSize*8 {
			break
		}
		bad := append([]byte(nil), s.signature...)
		bad[i/8] ^= 1 << (i % 8)
		for _, signature := range [][]byte{s.signature, bad} {
			pass := c.codes[i].session.Pass
			copy(pass[tokens.BodySize:], signature)
			code := tokens.Assemble(&pass, 0, c.codes[i].session.Links[0])
			ours := checker.Check(&code, code.Start(), tokens.Entry)
			std := ed25519.Verify(s.public, s.message, signature)
			other := circl.Verify(s.public, s.message, signature)
			valid := &signature[0] == &s.signature[0]
			if (ours == tokens.ReasonOK) != valid || (!valid && ours != tokens.ReasonSignature) || std != valid || other != valid {
				t.Errorf("code %d, valid %v: ours %s, crypto/ed25519 %v, circl %v", i, valid, ours, std, other)
			}
		}
	}
}
