package fixedkey_test

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// TestConcurrentVerification verifies good and bad signatures under one key in many
// goroutines, alone and in batches. It also serves the race detector.
func TestConcurrentVerification(t *testing.T) {
	const goroutines, rounds = 8, 25
	m := pool()[2]
	for form := range fixedkey.FormCount {
		k := m.key[form]
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				for round := range rounds {
					message := fmt.Appendf(nil, "goroutine %d, round %d", g, round)
					good := ed25519.Sign(m.private, message)
					bad := flipped(good, 31*round+g)
					if !k.Verify(message, good) || k.Verify(message, bad) {
						t.Errorf("%v, goroutine %d, round %d: wrong verdict", form, g, round)
					}
					batch := []fixedkey.Signed{
						{Key: k, Message: message, Signature: bad, Good: true},
						{Key: k, Message: message, Signature: good},
					}
					if fixedkey.VerifyBatch(batch); batch[0].Good || !batch[1].Good {
						t.Errorf("%v, goroutine %d, round %d: wrong verdict in a batch", form, g, round)
					}
				}
			})
		}
		all.Wait()
	}
}

// TestKeysAreMadeConcurrently includes the first keys of a process.
func TestKeysAreMadeConcurrently(t *testing.T) {
	g, public := genuine(), pool()[0].public
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for form := range fixedkey.FormCount {
				if k, err := fixedkey.New(public, form); err != nil || !k.Verify(g.message, g.signature) {
					t.Errorf("%v: New returned %v, or the key refuses a good signature", form, err)
				}
			}
		})
	}
	all.Wait()
}
