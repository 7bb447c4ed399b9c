package passcache

import (
	"math/bits"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// ways is the number of passes in a bucket.
const ways = 7

// table holds the latest passes, in buckets that forget in the order of arrival. It is
// lock-free. One way per bucket, which needs no tags, was refused: it lost so many
// passes to collisions that at equal memory it was slower than ristretto alone.
type table struct{ buckets []bucket }

// bucket is one cache line of 64 bytes.
type bucket struct {
	// tags holds one byte of each way's hash in the low seven bytes, so only a pass
	// that probably matches is fetched; the highest byte is the index of the next way to
	// use. Tags may be ahead of the ways: they are a hint, and the comparison of all
	// bytes decides.
	tags atomic.Uint64
	way  [ways]atomic.Pointer[entry]
}

// newTable makes a table of at least entries ways.
func newTable(entries int64) *table {
	return &table{buckets: make([]bucket, (entries+ways-1)/ways)}
}

// bucket selects by the high bits of the hash; tags use the low ones.
func (t *table) bucket(hash uint64) *bucket {
	i, _ := bits.Mul64(hash, uint64(len(t.buckets)))
	return &t.buckets[i]
}

const (
	everyByte = 0x0101010101010101
	tagBits   = 0x0080808080808080 // the highest bit of each tag
	nextShift = 8 * ways
)

// find returns the entry of the pass, or nil.
func (t *table) find(hash uint64, pass *tokens.SignedPass) *entry {
	b := t.bucket(hash)
	// The usual search for a zero byte in a word: exact for the lowest match; false
	// matches above it fail the comparison.
	differ := b.tags.Load() ^ uint64(byte(hash))*everyByte
	for match := (differ - everyByte) &^ differ & tagBits; match != 0; match &= match - 1 {
		e := b.way[bits.TrailingZeros64(match)/8].Load()
		if e != nil && e.pass == *pass {
			return e
		}
	}
	return nil
}

// put adds an entry and returns the one that it displaced, or nil.
func (t *table) put(hash uint64, e *entry) *entry {
	b := t.bucket(hash)
	for {
		tags := b.tags.Load()
		way := tags >> nextShift
		shift := 8 * way
		claimed := tags&^(0xff<<nextShift)&^(0xff<<shift) | uint64(byte(hash))<<shift | (way+1)%ways<<nextShift
		if b.tags.CompareAndSwap(tags, claimed) {
			return b.way[way].Swap(e) // no entry is lost even if the bucket wrapped around meanwhile
		}
	}
}

// clear drops all passes. The table must not be in use.
func (t *table) clear() {
	for i := range t.buckets {
		for w := range t.buckets[i].way {
			t.buckets[i].way[w].Store(nil)
		}
	}
}
