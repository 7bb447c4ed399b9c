package fixedkey_test

import (
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// maxFuzzMessage bounds messages so that the fuzzer spends its time on curve
// arithmetic and not on hashing. It is greater than every threshold of the package.
const maxFuzzMessage = 4 * fixedkey.MaxMessage

// FuzzVerify mutates key, message and signature. Every form must answer as
// crypto/ed25519 does, and New must refuse weak keys and no others. An input is a
// signer, a message, and mutations as pairs of bytes, see trial.
func FuzzVerify(f *testing.F) {
	message := []byte("a seed for the fuzzer, forty-seven bytes long, ")
	f.Add(byte(0), []byte(nil), []byte(nil))
	f.Add(byte(255), message, []byte(nil))
	for i := range mutations {
		m := byte(i)
		f.Add(m, message, []byte{m, 0})
		f.Add(m, message, []byte{m, 200})
		f.Add(m, message, []byte{m, 3, 0, 1, m, 1})
	}
	f.Fuzz(func(t *testing.T, choice byte, message, pairs []byte) {
		if len(message) > maxFuzzMessage || len(pairs) > 16 {
			return
		}
		mutated := newTrial(choice, message)
		mutated.apply(pairs)
		mutated.judge(t)
	})
}
