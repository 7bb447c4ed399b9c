package revocation

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

const (
	// maxKeys bounds the issuer keys a gateway holds, retired ones included.
	maxKeys = 256
	// maxTables bounds those with tables, 0.5 or 4.3 MB each. Ids are given in order, so
	// the greatest are the ones in use; any other key verifies without tables, slower.
	maxTables = 16
)

// Keyring is the issuer keys that the stream announced. Key takes no lock.
type Keyring struct {
	set atomic.Pointer[tokens.KeySet] // replaced whole

	mu   sync.Mutex
	keys map[tokens.KeyID]tokens.Key
}

// NewKeyring makes an empty ring.
func NewKeyring() *Keyring {
	k := &Keyring{keys: map[tokens.KeyID]tokens.Key{}}
	k.publish()
	return k
}

// Key finds a key by id, or nil.
func (k *Keyring) Key(id tokens.KeyID) *tokens.Key { return k.set.Load().Key(id) }

// Len counts the keys, retired ones included.
func (k *Keyring) Len() int { return k.set.Load().Len() }

// announce binds an id to a key. An id that is bound already keeps its key: a
// pass that was verified once must not change its meaning.
func (k *Keyring) announce(id tokens.KeyID, public [tokens.PublicKeySize]byte) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, ok = k.bind(id, public)
	if changed {
		k.publish()
	}
	return changed, ok
}

// bind is announce without publishing; k.mu is held.
func (k *Keyring) bind(id tokens.KeyID, public [tokens.PublicKeySize]byte) (changed, ok bool) {
	if bound, there := k.keys[id]; there {
		return false, bound.Public == public
	}
	if len(k.keys) >= maxKeys {
		return false, false
	}
	key := tokens.Key{ID: id, Public: public, CutOff: tokens.Never}
	if key.Prepare(false) != nil { // a weak key: anybody could sign under it
		return false, false
	}
	k.keys[id] = key
	return true, true
}

// retire moves a key's cut-off, never to a later time.
func (k *Keyring) retire(id tokens.KeyID, cutOff int64) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, ok = k.cut(id, cutOff)
	if changed {
		k.publish()
	}
	return changed, ok
}

// cut is retire without publishing; k.mu is held.
func (k *Keyring) cut(id tokens.KeyID, cutOff int64) (changed, ok bool) {
	key, ok := k.keys[id]
	if !ok || cutOff >= key.CutOff {
		return false, ok
	}
	key.CutOff = cutOff
	k.keys[id] = key
	return true, true
}

// rescue keeps a credential good under a key whatever the key's cut-off. ok is
// false if the key was never announced.
func (k *Keyring) rescue(id tokens.KeyID, serial tokens.Serial) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	if !ok {
		return false, false
	}
	if key.Exempted == nil {
		key.Exempted = NewSet()
		k.keys[id] = key
		k.publish()
	}
	return key.Exempted.(*Set).Add(serial), true
}

// take applies what batches say of keys, in their order, to an empty ring. The
// batches are verified.
func (k *Keyring) take(batches []*Batch) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range batches {
		for _, r := range b.Records() {
			switch r.Kind {
			case KindAnnounceKey:
				k.bind(r.Key, r.Public)
			case KindRetireKey:
				k.cut(r.Key, r.CutOff)
			case KindExempt:
				key, ok := k.keys[r.Key]
				if !ok {
					continue
				}
				if key.Exempted == nil {
					key.Exempted = NewSet()
					k.keys[r.Key] = key
				}
				key.Exempted.(*Set).Add(r.Serial)
			}
		}
	}
	k.publish()
}

// forget drops exempted credentials of days that are over at now, Unix seconds.
func (k *Keyring) forget(now int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		if key.Exempted != nil {
			key.Exempted.(*Set).Forget(now)
		}
	}
}

// exempted is how many credentials are exempted, and the memory they take, bytes.
func (k *Keyring) exempted() (serials, bytes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		if key.Exempted != nil {
			n, b := key.Exempted.(*Set).Len()
			serials, bytes = serials+n, bytes+b
		}
	}
	return serials, bytes
}

// publish puts the keys in force, the last announced of them with tables. Who asks
// meanwhile asks the set from before: tables are made here, not there.
func (k *Keyring) publish() {
	ids := slices.Sorted(maps.Keys(k.keys))
	for i, id := range ids {
		key := k.keys[id]
		if due := i >= len(ids)-maxTables; due != key.HasTables() {
			if err := key.Prepare(due); err != nil {
				panic("BUG: a key that was taken is weak: " + err.Error())
			}
			k.keys[id] = key
		}
	}
	set, err := tokens.NewKeySet(slices.Collect(maps.Values(k.keys))...)
	if err != nil {
		panic("BUG: a map has one key twice: " + err.Error())
	}
	k.set.Store(set)
}

// all lists the keys by id.
func (k *Keyring) all() []tokens.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := slices.Collect(maps.Values(k.keys))
	slices.SortFunc(keys, func(a, b tokens.Key) int { return int(a.ID) - int(b.ID) })
	return keys
}
