package fixedkey_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// TestBatchVerdictsAreIndependent puts a bad signature into different places of a
// batch. Each signature must get the verdict that it gets alone. The sizes are around
// powers of two, the boundaries of code that processes several signatures at a time.
func TestBatchVerdictsAreIndependent(t *testing.T) {
	all := pool()
	for form := range fixedkey.FormCount {
		t.Run(form.String(), func(t *testing.T) {
			fixedkey.VerifyBatch(nil)
			for _, size := range []int{1, 2, 3, 7, 8, 9, 16, 17, 63, 64, 65, 128, 130} {
				batch := make([]fixedkey.Signed, size)
				for i := range batch {
					m := all[i%len(all)]
					message := fmt.Appendf(nil, "message %d of %d", i, size)
					batch[i] = fixedkey.Signed{Key: m.key[form], Message: message, Signature: ed25519.Sign(m.private, message)}
				}
				expect := func(what string, bad int) {
					t.Helper()
					fixedkey.VerifyBatch(batch)
					for i := range batch {
						if batch[i].Good != (i != bad) {
							t.Fatalf("%d signatures, number %d %s: number %d is %v", size, bad, what, i, batch[i].Good)
						}
					}
				}
				expect("(none) bad", -1)
				places := []int{size - 1}
				for place := 0; place < size-1; place += max(1, size/8) {
					places = append(places, place)
				}
				for n, bad := range places {
					good := batch[bad]
					switch n % 3 {
					case 0:
						batch[bad].Signature = flipped(good.Signature, 7*bad)
						expect("with another signature", bad)
					case 1:
						batch[bad].Signature = good.Signature[:63]
						expect("with a short signature", bad)
					case 2:
						batch[bad].Key = all[(bad+1)%len(all)].key[form]
						expect("under another key", bad)
					}
					batch[bad] = good
				}
			}
		})
	}
}

// TestMessagesOfEveryLength covers the lengths at which hashing needs another block or
// another code path.
func TestMessagesOfEveryLength(t *testing.T) {
	m := pool()[1]
	lengths := []int{1 << 12, 1<<16 + 1}
	for n := range fixedkey.MaxMessage + 140 { // more than another block of SHA-512
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		message := bytes.Repeat([]byte{0xa5}, n)
		signature := ed25519.Sign(m.private, message)
		if !m.key.agree(t, m.public, message, signature) {
			t.Fatalf("%d bytes: refused", n)
		}
		if m.key.agree(t, m.public, append(message, 0), signature) {
			t.Fatalf("%d bytes: accepted with an additional byte", n)
		}
	}
}
