// Package passcache remembers passes whose signature was verified, so that the
// entrance, the platform gate and the conductor pay for one verification. It is
// the only package that names ristretto.
//
// It promises that Verified answers true only for bytes that were given to
// Remember: an entry is found by a keyed hash and then compared whole. It does
// not promise to remember anything: ristretto may drop any entry at any time,
// and then a check is slower, never wrong. Expiry, keys and revocation are not
// its business: the checker looks them up on every hit.
package passcache

import (
	"fmt"
	"hash/maphash"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/railgate/railgate/tokens"
)

// entryCost is what one remembered pass takes in memory, bytes: 112 for the
// pass, the rest for the maps, counters and queue of the cache.
const entryCost = 320

// MinBytes is the smallest cache that is of use: a thousand passes.
const MinBytes = 1000 * entryCost

// Cache is safe for concurrent use; lookups of different passes do not wait
// for each other for longer than a shard's map takes.
type Cache struct {
	passes *ristretto.Cache[uint64, *tokens.SignedPass]
	seed   maphash.Seed // per process, so nobody can aim two passes at one slot
}

// New makes a cache of about so many bytes.
func New(bytes int64) (*Cache, error) {
	if bytes < MinBytes {
		return nil, fmt.Errorf("passcache: %d bytes, want at least %d", bytes, MinBytes)
	}
	entries := bytes / entryCost
	c, err := ristretto.NewCache(&ristretto.Config[uint64, *tokens.SignedPass]{
		NumCounters:        10 * entries, // ristretto's advice: ten per entry
		MaxCost:            entries,
		BufferItems:        64,
		Metrics:            true,
		IgnoreInternalCost: true, // every entry costs 1: they are all of one size
	})
	if err != nil {
		return nil, fmt.Errorf("passcache: %w", err)
	}
	return &Cache{passes: c, seed: maphash.MakeSeed()}, nil
}

// Verified reports whether these very bytes were remembered.
func (c *Cache) Verified(pass *tokens.SignedPass) bool {
	found, ok := c.passes.Get(maphash.Bytes(c.seed, pass[:]))
	return ok && *found == *pass
}

// Remember may keep a copy of the pass. It returns at once; the entry can be
// found a moment later, or not at all.
func (c *Cache) Remember(pass *tokens.SignedPass) {
	kept := *pass
	c.passes.Set(maphash.Bytes(c.seed, pass[:]), &kept, 1)
}

var _ tokens.Passes = (*Cache)(nil)

// Settle waits until what was remembered before can be found; for tests and benchmarks.
func (c *Cache) Settle() { c.passes.Wait() }

// Close ends the cache's goroutines.
func (c *Cache) Close() { c.passes.Close() }

// Stats counts since the start.
type Stats struct{ Hits, Misses, Kept, Evicted, Dropped uint64 }

// Stats reads ristretto's own counters. Dropped counts entries that were never
// taken: the queue was full, or others were worth more.
func (c *Cache) Stats() Stats {
	m := c.passes.Metrics
	return Stats{Hits: m.Hits(), Misses: m.Misses(), Kept: m.KeysAdded(), Evicted: m.KeysEvicted(),
		Dropped: m.SetsDropped() + m.SetsRejected()}
}
