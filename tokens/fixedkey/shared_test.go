package fixedkey

import (
	"crypto/ed25519"
	"runtime"
	"sync"
	"testing"
	"time"
)

func (m maker) remembered() bool {
	made.Lock()
	defer made.Unlock()
	_, ok := made.keys[m]
	return ok
}

// TestKeyInUseIsMadeOnce covers concurrent calls of New. A key that is no longer used
// must be removed from the map.
func TestKeyInUseIsMadeOnce(t *testing.T) {
	public := ed25519.NewKeyFromSeed([]byte("a seed that no other test knows.")).Public().(ed25519.PublicKey)
	m := maker{[ed25519.PublicKeySize]byte(public), Scalar}
	keys := make([]*Key, 8)
	var calls sync.WaitGroup
	for i := range keys {
		calls.Go(func() {
			var err error
			if keys[i], err = New(public, Scalar); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	for _, k := range keys {
		if k == nil || k != keys[0] {
			t.Fatal("two calls returned different keys")
		}
	}
	if plain, err := New(public, Plain); err != nil || plain == keys[0] || plain.Form() != Plain {
		t.Error("New returned a key of another form")
	}
	if !m.remembered() {
		t.Error("the key is not shared")
	}
	runtime.KeepAlive(keys)
	clear(keys)
	for deadline := time.Now().Add(20 * time.Second); m.remembered(); runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("an unused key was not removed from the map")
		}
	}
}
