package fixedkey

import (
	"crypto/ed25519"
	"runtime"
	"sync"
	"weak"
)

// made holds the keys that are in use, so that one that is asked for again, by a
// key set that replaces another or by a snapshot that is read back, is not made
// again. It keeps none alive.
var made = struct {
	sync.Mutex
	keys map[maker]weak.Pointer[Key]
}{keys: map[maker]weak.Pointer[Key]{}}

// maker is what a key follows from.
type maker struct {
	public [ed25519.PublicKeySize]byte
	form   Form
}

// inUse is the key, or nil if nobody has it.
func (m maker) inUse() *Key {
	made.Lock()
	defer made.Unlock()
	return made.keys[m].Value()
}

// share offers a new key to whoever asks next, and returns the one to use: that of
// another who made the same meanwhile, if there is one.
func (m maker) share(k *Key) *Key {
	made.Lock()
	defer made.Unlock()
	if first := made.keys[m].Value(); first != nil {
		return first
	}
	made.keys[m] = weak.Make(k)
	runtime.AddCleanup(k, maker.forget, m)
	return k
}

// forget drops a key that nobody uses any more, unless it was made again.
func (m maker) forget() {
	made.Lock()
	defer made.Unlock()
	if made.keys[m].Value() == nil {
		delete(made.keys, m)
	}
}
