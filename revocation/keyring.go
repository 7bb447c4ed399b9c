package revocation

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

const (
	// maxKeys bounds the issuer keys that a gateway stores, retired keys included.
	maxKeys = 256
	// maxTables bounds the keys with precomputed tables, 0.5 or 4.3 MB each. Ids are assigned in order, so
	// the keys in use have the greatest ids. Other keys verify without tables, slower.
	maxTables = 16
)

// Keyring contains the issuer keys that the stream announced. [Keyring.Key] takes no lock.
type Keyring struct {
	set atomic.Pointer[tokens.KeySet] // replaced whole

	mu   sync.Mutex
	keys map[tokens.KeyID]tokens.Key
}

// NewKeyring returns an empty keyring.
func NewKeyring() *Keyring {
	k := &Keyring{keys: map[tokens.KeyID]tokens.Key{}}
	k.storeSet()
	return k
}

// Key returns a key by id, or nil.
func (k *Keyring) Key(id tokens.KeyID) *tokens.Key { return k.set.Load().Key(id) }

// Len returns the number of keys, retired keys included.
func (k *Keyring) Len() int { return k.set.Load().Len() }

// announce binds an id to a key. An id that is already bound keeps its key, so that a verified pass never
// changes its meaning.
func (k *Keyring) announce(id tokens.KeyID, public [tokens.PublicKeySize]byte) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, ok = k.bind(id, public)
	if changed {
		k.storeSet()
	}
	return changed, ok
}

// bind is announce without storeSet; k.mu is held.
func (k *Keyring) bind(id tokens.KeyID, public [tokens.PublicKeySize]byte) (changed, ok bool) {
	if bound, there := k.keys[id]; there {
		return false, bound.Public == public
	}
	if len(k.keys) >= maxKeys {
		return false, false
	}
	key := tokens.Key{ID: id, Public: public, Cutoff: tokens.Never}
	if key.Prepare(false) != nil { // a weak key: anyone could forge signatures under it
		return false, false
	}
	k.keys[id] = key
	return true, true
}

// retire moves a key's cutoff, never to a later time.
func (k *Keyring) retire(id tokens.KeyID, cutoff int64) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, ok = k.cut(id, cutoff)
	if changed {
		k.storeSet()
	}
	return changed, ok
}

// cut is retire without storeSet; k.mu is held.
func (k *Keyring) cut(id tokens.KeyID, cutoff int64) (changed, ok bool) {
	key, ok := k.keys[id]
	if !ok || cutoff >= key.Cutoff {
		return false, ok
	}
	key.Cutoff = cutoff
	k.keys[id] = key
	return true, true
}

// exempt keeps a credential valid under a key regardless of the key's cutoff. ok is false if the key was
// never announced.
func (k *Keyring) exempt(id tokens.KeyID, serial tokens.Serial) (changed, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	if !ok {
		return false, false
	}
	if key.Exempted == nil {
		key.Exempted = NewSet()
		k.keys[id] = key
		k.storeSet()
	}
	return key.Exempted.(*Set).Add(serial), true
}

// applyBatches applies the records about keys in batches, in order, to an empty keyring. The batches are
// verified.
func (k *Keyring) applyBatches(batches []*Batch) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range batches {
		for _, r := range b.Records() {
			switch r.Kind {
			case KindAnnounceKey:
				k.bind(r.Key, r.Public)
			case KindRetireKey:
				k.cut(r.Key, r.Cutoff)
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
	k.storeSet()
}

// forget drops exempt credentials of days that are over at now, Unix seconds.
func (k *Keyring) forget(now int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.keys {
		if key.Exempted != nil {
			key.Exempted.(*Set).Forget(now)
		}
	}
}

// exempted returns the number of exempt credentials and the memory they use, bytes.
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

// storeSet builds the key set that readers use; the keys with the greatest ids get tables. Tables are built
// here, and readers use the previous set until it is complete.
func (k *Keyring) storeSet() {
	ids := slices.Sorted(maps.Keys(k.keys))
	for i, id := range ids {
		key := k.keys[id]
		if due := i >= len(ids)-maxTables; due != key.HasTables() {
			if err := key.Prepare(due); err != nil {
				panic("BUG: an accepted key is weak: " + err.Error())
			}
			k.keys[id] = key
		}
	}
	set, err := tokens.NewKeySet(slices.Collect(maps.Values(k.keys))...)
	if err != nil {
		panic("BUG: a map contains a key twice: " + err.Error())
	}
	k.set.Store(set)
}

// all returns the keys by id.
func (k *Keyring) all() []tokens.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := slices.Collect(maps.Values(k.keys))
	slices.SortFunc(keys, func(a, b tokens.Key) int { return int(a.ID) - int(b.ID) })
	return keys
}
