// Package passcache remembers passes whose signature was verified, each with
// the newest link that was proven to belong to it, so that the entrance, the
// platform gate and the conductor pay for one verification and hash only the
// links between their scans. It is the only package that names ristretto.
//
// It promises that Recall answers true only for bytes that were given to
// Remember, and only with a step and a link that were given together with
// these bytes. A pass is found by a keyed hash and then compared whole. It does
// not promise to remember anything: any pass may be forgotten at any time, and
// then a check is slower, never wrong. Expiry, keys and revocation are not its
// business: the checker looks them up on every hit.
//
// There are two levels. A pass goes into a lock-free table of the latest ones,
// where nearly all are shown again; what the table displaces is offered to
// ristretto, which keeps what is asked for most. A hit in the table writes
// nothing but a counter, and the link if it is newer. Ristretto alone was
// slower, since it keeps books on each lookup, and found far fewer: most passes
// are shown a few times within minutes, so by the time their count is high
// enough to be let in nobody needs them. TestReplay and BenchmarkHit compare.
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
	// fixedCost is there before the first pass: ristretto's queue and shards, the counters.
	fixedCost = 384 << 10
	// entryCost is what one remembered pass takes: 137 if in the table, with its
	// part of a bucket; about 330 if in ristretto, with its maps and sketches.
	entryCost = 176
)

// keptShare: one pass in so many is ristretto's, the others are in the table.
// A larger table finds more with the same memory, but forgets strictly in the
// order of arrival; ristretto's share is for passes that are shown for longer.
const keptShare = 5

// MinBytes is the smallest cache that is of use: a thousand passes.
const MinBytes = fixedCost + 1000*entryCost

// Cache is safe for concurrent use. Lookups wait for nothing in the table; of
// the few that go on to ristretto, those in the same one of its 256 shards wait
// for each other while its map is read or changed.
type Cache struct {
	latest *table
	kept   *ristretto.Cache[uint64, *entry]
	seed   maphash.Seed // per process, so nobody can aim passes at one bucket
	closed atomic.Bool
	counts *counts // apart, so that no lookup shares a cache line with a counter
}

// New makes a cache that takes about so many bytes when it is full, at least
// MinBytes. Ristretto's queue may hold up to 32,768 more passes, 7 MB, for as
// long as its goroutine gets no processor time.
func New(bytes int64) (*Cache, error) {
	if bytes < MinBytes {
		return nil, fmt.Errorf("passcache: %d bytes, want at least %d", bytes, MinBytes)
	}
	entries := entriesOf(bytes)
	kept := entries / keptShare
	c := &Cache{latest: newTable(entries - kept), seed: maphash.MakeSeed(), counts: new(counts)}
	var err error
	c.kept, err = ristretto.NewCache(&ristretto.Config[uint64, *entry]{
		// Ristretto's advice is ten counters for each entry. They are halved when
		// as many lookups were counted, so fewer forget yesterday's passes sooner:
		// two found more, with less memory.
		NumCounters:        2 * kept,
		MaxCost:            kept,
		BufferItems:        64,
		IgnoreInternalCost: true, // every entry costs 1: they are all of one size
		// Metrics stay off: ours count the table's hits too, and without contention.
		OnExit: func(*entry) { c.forgotten() },
	})
	if err != nil {
		return nil, fmt.Errorf("passcache: %w", err)
	}
	return c, nil
}

// entriesOf is how many passes a cache of so many bytes holds.
func entriesOf(bytes int64) int64 { return (bytes - fixedCost) / entryCost }

// forgotten counts a pass that ristretto evicted, refused or replaced, but not
// what it gives up in order to close.
func (c *Cache) forgotten() {
	if !c.closed.Load() {
		c.counts.mine().evicted.Add(1)
	}
}

// Recall reports whether these very bytes were remembered, and the newest link
// that was given with them. It says no as well in the few nanoseconds in which
// another goroutine renews that link.
func (c *Cache) Recall(pass *tokens.SignedPass) (newest tokens.Shown, known bool) {
	e := c.find(pass)
	known = e != nil && e.newest(&newest)
	c.counts.countLookup(known)
	return newest, known
}

// Remember keeps a copy of a pass whose signature and link were verified,
// or a newer link of one that is kept; an older link changes nothing. The pass
// is found from now on, until it is forgotten. Renewing a link allocates nothing.
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

// find looks in the table and then in ristretto. What is found there stays
// there: moving it back cost a write, an allocation and, in a replay, hits.
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

// keep puts a new entry into the table and offers ristretto the one that had to go.
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

// hash covers the signature only, which differs wherever the body does. Whoever
// changes the body and leaves the signature lands in the same bucket and fails
// the comparison there.
func (c *Cache) hash(pass *tokens.SignedPass) uint64 {
	return maphash.Bytes(c.seed, pass[tokens.BodySize:])
}

// Settle waits until ristretto has decided about all that the table displaced;
// for tests and benchmarks.
func (c *Cache) Settle() { c.kept.Wait() }

// Close ends the cache's goroutines and forgets everything. Nobody may be
// asking meanwhile; afterwards the answer is no.
func (c *Cache) Close() {
	c.closed.Store(true)
	c.kept.Close()
	c.latest.clear()
}
