package fixedkey_test

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"testing"

	"github.com/railgate/railgate/tokens/fixedkey"
)

// Many goroutines verify under one key, alone and in batches, good and bad in
// turns; the race detector watches, and no verdict strays to a neighbour.
func TestOneKeyManyGoroutines(t *testing.T) {
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
						t.Errorf("%v, goroutine %d, round %d: a wrong verdict", form, g, round)
					}
					batch := []fixedkey.Signed{
						{Key: k, Message: message, Signature: bad, Good: true},
						{Key: k, Message: message, Signature: good},
					}
					if fixedkey.VerifyBatch(batch); batch[0].Good || !batch[1].Good {
						t.Errorf("%v, goroutine %d, round %d: a wrong verdict in a batch", form, g, round)
					}
				}
			})
		}
		all.Wait()
	}
}

// Keys may be made at the same time, the first ones of a process included.
func TestKeysMadeAtTheSameTime(t *testing.T) {
	g, public := genuine(), pool()[0].public
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for form := range fixedkey.FormCount {
				if k, err := fixedkey.New(public, form); err != nil || !k.Verify(g.message, g.signature) {
					t.Errorf("%v: the key fails: %v", form, err)
				}
			}
		})
	}
	all.Wait()
}
