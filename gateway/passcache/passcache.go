// Package passcache remembers passes with a verified signature, each with the newest
// link that was proven to belong to it. The entrance, the platform gate and the
// conductor then pay for one verification, and hash only the links between their scans.
// It is the only package that names ristretto.
//
// It promises that [Cache.Recall] reports true only for bytes that were given to
// [Cache.Remember], and only with a step and a link that were given together with these
// bytes. A pass is found by a keyed hash and then compared byte for byte. The cache does
// not promise to remember: it may forget any pass at any time, which makes a check
// slower, never wrong. Expiry, keys and revocation are not its task: the checker looks
// them up on every hit.
//
// There are two levels. A new pass goes into a lock-free table of the latest passes,
// where nearly all repeated ones are found. Passes that the table displaces are offered
// to ristretto, which keeps the most requested ones. A hit in the table writes only a
// counter, and the link if it is newer. Ristretto alone was slower, since it does
// accounting on each lookup, and found far fewer passes: most are shown a few times
// within minutes and are no longer needed when their count is high enough for
// admission. TestReplay and BenchmarkHit compare the two.
package passcache

import (
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/railgate/railgate/tokens"
)

// Memory, bytes, as TestMemory measures it.
const (
	// fixedCost is the memory of an empty cache: ristretto's queue and shards, the counters.
	fixedCost = 384 << 10
	// entryCost is the memory of one remembered pass: 137 in the table, with its part of
	// a bucket; about 330 in ristretto, with its maps and sketches.
	entryCost = 176
)

// keptShare is the inverse of ristretto's share of the passes; the table has the others.
// A larger table finds more with the same memory, but forgets strictly in the order of
// arrival; ristretto's share is for passes that are shown for longer.
const keptShare = 5

// MinBytes is the smallest useful cache: a thousand passes.
const MinBytes = fixedCost + 1000*entryCost

// Cache is safe for concurrent use. Lookups in the table do not block. The few lookups
// that continue in ristretto block each other if they use the same one of its 256
// shards while its map is read or changed.
type Cache struct {
	latest *table
	kept   *ristretto.Cache[uint64, *entry]
	seed   maphash.Seed // per process, so an attacker cannot aim passes at one bucket
	closed atomic.Bool
	counts *counts // allocated separately, so no lookup shares a cache line with a counter
}

// New makes a cache that takes about the given memory when it is full, at least
// MinBytes. Ristretto's queue may hold up to 32,768 more passes, 7 MB, while its
// goroutine gets no processor time.
func New(bytes int64) (*Cache, error) {
	if bytes < MinBytes {
		return nil, fmt.Errorf("passcache: %d bytes, want at least %d", bytes, MinBytes)
	}
	entries := entriesOf(bytes)
	kept := entries / keptShare
	c := &Cache{latest: newTable(entries - kept), seed: maphash.MakeSeed(), counts: new(counts)}
	var err error
	c.kept, err = ristretto.NewCache(&ristretto.Config[uint64, *entry]{
		// Ristretto advises ten counters per entry. They are halved when as many lookups
		// were counted, so fewer counters forget yesterday's passes sooner: two found
		// more, with less memory.
		NumCounters:        2 * kept,
		MaxCost:            kept,
		BufferItems:        64,
		IgnoreInternalCost: true, // every entry costs 1: all have the same size
		// Ristretto's metrics stay off: counts includes the table's hits, without contention.
		OnExit: func(*entry) { c.forgotten() },
	})
	if err != nil {
		return nil, fmt.Errorf("passcache: %w", err)
	}
	return c, nil
}

// entriesOf returns the number of passes that a cache of the given memory holds.
func entriesOf(bytes int64) int64 { return (bytes - fixedCost) / entryCost }

// forgotten counts a pass that ristretto evicted, refused or replaced, except those
// dropped by Close.
func (c *Cache) forgotten() {
	if !c.closed.Load() {
		c.counts.mine().evicted.Add(1)
	}
}

// Recall reports whether these bytes were remembered, and returns the newest link given
// with them. It also reports false in the few nanoseconds in which another goroutine
// replaces that link.
func (c *Cache) Recall(pass *tokens.SignedPass) (newest tokens.Shown, known bool) {
	e := c.find(pass)
	known = e != nil && e.newest(&newest)
	c.counts.countLookup(known)
	return newest, known
}

// Remember stores a copy of a pass whose signature and link were verified, or a newer
// link of a stored pass; it ignores an older link. Recall finds the pass until it is
// forgotten. Replacing a link allocates nothing.
func (c *Cache) Remember(pass *tokens.SignedPass, shown tokens.Shown) {
	if e := c.find(pass); e != nil {
		e.advance(shown)
		return
	}
	e := &entry{pass: *pass}
	e.advance(shown)
	c.keep(e)
}

var _ tokens.Passes = (*Cache)(nil)

// find looks in the table and then in ristretto. A pass found in ristretto stays there:
// moving it back cost a write, an allocation and, in a replay, hits.
func (c *Cache) find(pass *tokens.SignedPass) *entry {
	if c.closed.Load() {
		return nil
	}
	hash := c.hash(pass)
	if e := c.latest.find(hash, pass); e != nil {
		return e
	}
	if e, ok := c.kept.Get(hash); ok && e.pass == *pass {
		return e
	}
	return nil
}

// keep puts a new entry into the table and offers the displaced one to ristretto.
func (c *Cache) keep(e *entry) {
	if c.closed.Load() {
		return
	}
	displaced := c.latest.put(c.hash(&e.pass), e)
	c.counts.mine().kept.Add(1)
	if displaced != nil && !c.kept.Set(c.hash(&displaced.pass), displaced, 1) {
		c.counts.mine().dropped.Add(1)
	}
}

// hash covers only the signature, which differs whenever the body does. A pass with a
// changed body and the same signature is found in the same bucket and fails the
// comparison.
func (c *Cache) hash(pass *tokens.SignedPass) uint64 {
	return maphash.Bytes(c.seed, pass[tokens.BodySize:])
}

// Settle waits until ristretto has processed all passes that the table displaced; for
// tests and benchmarks.
func (c *Cache) Settle() { c.kept.Wait() }

// Close ends the cache's goroutines and forgets everything. It must not run concurrently
// with lookups; later lookups report false.
func (c *Cache) Close() {
	c.closed.Store(true)
	c.kept.Close()
	c.latest.clear()
}
