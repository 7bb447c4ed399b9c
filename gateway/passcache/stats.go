package passcache

import "sync/atomic"

// Stats counts since the start; a closed cache keeps its last figures. Kept -
// Evicted - Dropped passes are held now.
type Stats struct {
	Hits, Misses uint64 // lookups
	Kept         uint64 // passes taken
	Evicted      uint64 // passes forgotten to make room: others were newer, and worth more to ristretto
	Dropped      uint64 // passes forgotten because ristretto's queue was full
}

// Stats adds the counters up; they are read one after another.
func (c *Cache) Stats() Stats {
	var s Stats
	for i := range c.counts {
		stripe := &c.counts[i]
		s.Hits += stripe.hits.Load()
		s.Misses += stripe.misses.Load()
		s.Kept += stripe.kept.Load()
		s.Evicted += stripe.evicted.Load()
		s.Dropped += stripe.dropped.Load()
	}
	return s
}

// counts is striped, since one counter that all cores write cost two of them
// three times as much as this does, and more with each core.
type counts [1 << stripeBits]stripe

const stripeBits = 6

// stripe is one cache line of counters.
type stripe struct {
	hits, misses, kept, evicted, dropped atomic.Uint64
	_                                    [3]uint64
}

func (c *counts) countLookup(hit bool) {
	if hit {
		c.mine().hits.Add(1)
	} else {
		c.mine().misses.Add(1)
	}
}
