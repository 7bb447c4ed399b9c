package passcache_test

import (
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
)

// Ristretto may drop every entry. The cache then forgets the passes that the table has no
// room for: they are verified again, and Recall finds no pass that was not remembered.
func TestCacheWorksIfRistrettoKeepsNothing(t *testing.T) {
	for _, how := range []struct {
		name string
		stop func(*passcache.Cache)
		why  func(passcache.Stats) (counted, other uint64)
	}{
		{"each Set dropped", (*passcache.Cache).DropSets,
			func(s passcache.Stats) (uint64, uint64) { return s.Dropped, s.Evicted }},
		{"each Set refused", (*passcache.Cache).RefuseSets,
			func(s passcache.Stats) (uint64, uint64) { return s.Evicted, s.Dropped }},
	} {
		t.Run(how.name, func(t *testing.T) {
			c := newCache(t, passcache.MinBytes)
			how.stop(c)
			const passes = 10_000
			verified := 0
			for range 2 {
				for n := range uint64(passes) {
					for _, step := range []uint8{1, 2} { // at the entrance, then at the gate
						newest, known := c.Recall(pass(n))
						if known != (step == 2) || known && newest != shown(n, 1) {
							t.Fatalf("pass %d in step %d: known %v with %+v", n, step, known, newest)
						}
						if !known {
							verified++
						}
						c.Remember(pass(n), shown(n, step))
					}
					if knows(c, pass(n+passes)) {
						t.Fatalf("pass %d was never remembered", n+passes)
					}
				}
			}
			c.Settle()
			s := c.Stats()
			if verified != 2*passes || s.Kept != 2*passes {
				t.Errorf("%d passes verified, stats %+v; want each verified and kept in both turns", verified, s)
			}
			if counted, other := how.why(s); counted == 0 || other != 0 {
				t.Errorf("stats %+v count the forgotten passes in the wrong field", s)
			}
			if held := int64(s.Kept - s.Evicted - s.Dropped); held < 1 || held > passcache.Entries(passcache.MinBytes) {
				t.Errorf("%d passes held without ristretto, of %d", held, passcache.Entries(passcache.MinBytes))
			}
		})
	}
}
