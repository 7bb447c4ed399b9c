package passage_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// A message that is opened has the bytes that its batch encodes to, and damaged ones do not panic. The input is
// signed here, so that the fuzzer gets past the signature.
func FuzzOpen(f *testing.F) {
	for _, v := range readVectors(f, "batches", batchVectors()) {
		if raw, err := hex.DecodeString(v.Raw); err == nil && len(raw) > ed25519.SignatureSize {
			f.Add(raw[:len(raw)-ed25519.SignatureSize])
		}
	}
	long := seal(f, many(passage.MaxPassages, 12))
	f.Add(long[:len(long)-ed25519.SignatureSize])
	private, _ := revocationtest.Gateway(7)
	f.Fuzz(func(t *testing.T, m []byte) {
		if len(m) >= 6 {
			m = bytes.Clone(m)
			m[4], m[5] = 0, 7
		}
		raw := append(bytes.Clone(m), ed25519.Sign(private, m)...)
		b, err := passage.Open(raw, keys{7: 0}, now)
		if err != nil {
			if _, ok := err.(passage.Refusal); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		again, err := b.Encode()
		if err != nil || !bytes.Equal(again, m) {
			t.Fatalf("encoded again as %x, %v", again, err)
		}
	})
}
