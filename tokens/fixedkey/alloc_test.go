//go:build !race

package fixedkey_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// TestVerifyAllocatesNothing covers good and bad signatures. The build tag excludes the
// race detector, which allocates itself.
func TestVerifyAllocatesNothing(t *testing.T) {
	const batchSize = 64
	g, m := genuine(), pool()[0]
	if len(g.message) != 47 {
		t.Fatalf("the genuine message has %d bytes, want the 47 of a pass", len(g.message))
	}
	longest := bytes.Repeat([]byte{1}, fixedkey.MaxMessage)
	cases := []struct {
		what string
		signed
		good bool
	}{
		{"good", g, true},
		{"longest", signed{g.key, longest, ed25519.Sign(m.private, longest)}, true},
		{"bad", signed{g.key, g.message, flipped(g.signature, 3)}, false},
		{"truncated", signed{g.key, g.message, g.signature[:40]}, false},
	}
	for form := range fixedkey.FormCount {
		batch := make([]fixedkey.Signed, 0, batchSize)
		for _, c := range cases {
			if form == fixedkey.Plain && !c.good {
				continue // crypto/ed25519 allocates an error for each refusal
			}
			k := c.key[form]
			if n := testing.AllocsPerRun(100, func() {
				if k.Verify(c.message, c.signature) != c.good {
					t.Fatalf("%v, %s: wrong verdict", form, c.what)
				}
			}); n != 0 {
				t.Errorf("%v, %s: Verify allocates %v times", form, c.what, n)
			}
			batch = append(batch, fixedkey.Signed{Key: k, Message: c.message, Signature: c.signature})
		}
		for len(batch) < batchSize {
			batch = append(batch, batch[0], batch[1])
		}
		if n := testing.AllocsPerRun(10, func() { fixedkey.VerifyBatch(batch) }); n != 0 {
			t.Errorf("%v: VerifyBatch of %d allocates %v times", form, len(batch), n)
		}
	}
}
