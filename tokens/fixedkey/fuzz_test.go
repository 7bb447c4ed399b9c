package fixedkey_test

import (
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// maxFuzzMessage bounds inputs, so that the fuzzer spends its time on curves
// and not on hashing. It lies beyond every threshold in the package.
const maxFuzzMessage = 4 * fixedkey.MaxMessage

// However key, message and signature are bent, every form answers as
// crypto/ed25519 does, and New refuses weak keys and no others. An input is a
// signer, a message, and moves in pairs of bytes (see trial).
func FuzzVerify(f *testing.F) {
	message := []byte("a seed for the fuzzer, forty-seven bytes long, ")
	f.Add(byte(0), []byte(nil), []byte(nil))
	f.Add(byte(255), message, []byte(nil))
	for i := range moves {
		m := byte(i)
		f.Add(m, message, []byte{m, 0})
		f.Add(m, message, []byte{m, 200})
		f.Add(m, message, []byte{m, 3, 0, 1, m, 1})
	}
	f.Fuzz(func(t *testing.T, choice byte, message, pairs []byte) {
		if len(message) > maxFuzzMessage || len(pairs) > 16 {
			return
		}
		bent := newTrial(choice, message)
		bent.apply(pairs)
		bent.judge(t)
	})
}
