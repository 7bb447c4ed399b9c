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

// A key in use is made once, whoever asks for it at the same time; one that nobody
// uses any more leaves no trace.
func TestAKeyInUseIsMadeOnce(t *testing.T) {
	public := ed25519.NewKeyFromSeed([]byte("a seed that no other test knows.")).Public().(ed25519.PublicKey)
	m := maker{[ed25519.PublicKeySize]byte(public), Scalar}
	keys := make([]*Key, 8)
	var asking sync.WaitGroup
	for i := range keys {
		asking.Go(func() {
			var err error
			if keys[i], err = New(public, Scalar); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	for _, k := range keys {
		if k == nil || k != keys[0] {
			t.Fatal("two keys for one who asks twice")
		}
	}
	if plain, err := New(public, Plain); err != nil || plain == keys[0] || plain.Form() != Plain {
		t.Error("the form was not kept apart")
	}
	if !m.remembered() {
		t.Error("the key is not shared")
	}
	runtime.KeepAlive(keys)
	clear(keys)
	for deadline := time.Now().Add(20 * time.Second); m.remembered(); runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatal("a key that nobody uses is remembered")
		}
	}
}
