package fixedkey

import (
	"crypto/ed25519"
	"runtime"
	"sync"
	"weak"
)

// made contains the keys in use. When a new key set or a snapshot contains a key
// again, New returns the existing one. The map does not keep keys alive.
var made = struct {
	sync.Mutex
	keys map[maker]weak.Pointer[Key]
}{keys: map[maker]weak.Pointer[Key]{}}

// maker identifies a key and makes it.
type maker struct {
	public [ed25519.PublicKeySize]byte
	form   Form
}

// inUse returns the key if it is in use, otherwise nil.
func (m maker) inUse() *Key {
	made.Lock()
	defer made.Unlock()
	return made.keys[m].Value()
}

// share makes a new key available to later calls of New and returns the key to use: if
// a concurrent call made the same key first, the key of that call.
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

// forget removes a key that is no longer in use, unless it was made again.
func (m maker) forget() {
	made.Lock()
	defer made.Unlock()
	if made.keys[m].Value() == nil {
		delete(made.keys, m)
	}
}
