package passcache

import "sync/atomic"

// Stats are counts since the start; a closed cache keeps its last counts. The cache
// holds Kept - Evicted - Dropped passes.
type Stats struct {
	Hits, Misses uint64 // lookups
	Kept         uint64 // passes stored
	Evicted      uint64 // passes that ristretto evicted or refused in favor of others
	Dropped      uint64 // passes dropped because ristretto's queue was full
}

// Stats sums the counters, which are read one after another.
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

// counts is striped: one counter written by all cores cost two cores three times as
// much, and more with each core.
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
