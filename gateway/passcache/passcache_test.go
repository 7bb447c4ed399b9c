package passcache_test

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// pass returns the n-th pass; to the cache it is only bytes.
func pass(n uint64) *tokens.SignedPass {
	var p tokens.SignedPass
	random := rand.NewPCG(n, 2)
	for i := 0; i < len(p); i += 4 {
		binary.LittleEndian.PutUint32(p[i:], uint32(random.Uint64()))
	}
	return &p
}

// shown returns the link of a step of the n-th pass: every byte depends on both, so a
// pair of mixed parts is noticed.
func shown(n uint64, step uint8) tokens.Shown {
	s := tokens.Shown{Step: step}
	random := rand.NewPCG(n, uint64(step))
	binary.LittleEndian.PutUint64(s.Link[:8], random.Uint64())
	binary.LittleEndian.PutUint64(s.Link[8:], random.Uint64())
	return s
}

func newCache(t testing.TB, bytes int64) *passcache.Cache {
	t.Helper()
	c, err := passcache.New(bytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func knows(c *passcache.Cache, p *tokens.SignedPass) bool {
	_, known := c.Recall(p)
	return known
}

func TestRememberedPassIsFound(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	p := pass(1)
	if knows(c, p) {
		t.Fatal("an empty cache finds a pass")
	}
	c.Remember(p, shown(1, 5))
	for _, where := range []string{"the table", "ristretto"} {
		same := *p
		if newest, known := c.Recall(&same); !known || newest != shown(1, 5) {
			t.Fatalf("in %s: the pass was not found with its link, but with %+v", where, newest)
		}
		for i := range p {
			other := *p
			other[i] ^= 1
			if knows(c, &other) {
				t.Fatalf("in %s: a pass that differs in byte %d is found", where, i)
			}
		}
		c.Displace()
	}
}

func TestCacheKeepsItsOwnCopy(t *testing.T) {
	// The gateway reuses the memory of a token for the next request.
	c := newCache(t, passcache.MinBytes)
	p := *pass(1)
	c.Remember(&p, shown(1, 5))
	p = *pass(2)
	if knows(c, &p) {
		t.Error("bytes that were never remembered are found")
	}
	if newest, known := c.Recall(pass(1)); !known || newest != shown(1, 5) {
		t.Errorf("the pass was not found, or with %+v", newest)
	}
}

func TestOnlyANewerLinkIsKept(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	for n, where := range []string{"the table", "ristretto"} {
		n := uint64(n)
		c.Remember(pass(n), shown(n, 3))
		if where == "ristretto" {
			c.Displace()
		}
		for _, turn := range []struct{ given, want uint8 }{{3, 3}, {0, 3}, {4, 4}, {2, 4}, {255, 255}, {254, 255}} {
			c.Remember(pass(n), shown(n, turn.given))
			if newest, known := c.Recall(pass(n)); !known || newest != shown(n, turn.want) {
				t.Errorf("in %s: after step %d the cache returns step %d, want %d with its link", where, turn.given, newest.Step, turn.want)
			}
		}
	}
	if s := c.Stats(); s.Kept != 2 {
		t.Errorf("Kept is %d after newer links of two passes, want 2", s.Kept)
	}
}

func TestHashCollisionIsNotAHit(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	known, forged := pass(1), pass(2)
	c.Collide(known, forged, shown(1, 1))
	for range 2 {
		if knows(c, forged) {
			t.Fatal("a pass was found because its hash is that of another")
		}
		c.Displace()
	}
	// A pass that is really shown replaces the entry.
	c.Remember(forged, shown(2, 1))
	c.Displace()
	if !knows(c, forged) {
		t.Error("after its own verification the pass was not found")
	}
}

// For any sequence of calls, the cache finds no pass that a plain map does not have, and
// returns no link that was not given with it.
func TestCacheAgreesWithAMap(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	random := rand.New(rand.NewPCG(3, 4))
	given := map[tokens.SignedPass]map[tokens.Shown]bool{}
	const passes, steps = 5000, 60_000 // five times what the cache holds
	hits, misses := 0, 0
	for range steps {
		// A few passes are shown often: most of a minute's passengers are at one gate.
		n := random.Uint64N(passes)
		if random.IntN(2) == 0 {
			n %= 100
		}
		p := pass(n)
		if random.IntN(10) == 0 {
			p[random.IntN(len(p))] ^= 1 << random.IntN(8)
		}
		if newest, known := c.Recall(p); known {
			hits++
			if !given[*p][newest] {
				t.Fatalf("the cache returns step %d for a pass, which was never given", newest.Step)
			}
		} else {
			misses++
		}
		if random.IntN(4) != 0 { // the others have an invalid signature or link
			s := shown(n, uint8(random.IntN(30)))
			c.Remember(p, s)
			if given[*p] == nil {
				given[*p] = map[tokens.Shown]bool{}
			}
			given[*p][s] = true
		}
	}
	if hits == 0 || misses == 0 {
		t.Fatalf("%d hits and %d misses: the sequence tests nothing", hits, misses)
	}
	c.Settle()
	s := c.Stats()
	if s.Hits != uint64(hits) || s.Misses != uint64(misses) {
		t.Errorf("%d hits and %d misses, the cache says %+v", hits, misses, s)
	}
	held, most := s.Kept-s.Evicted-s.Dropped, uint64(passcache.Entries(passcache.MinBytes))+7 // buckets are whole: up to 7 more
	if held > most || held < most/2 {
		t.Errorf("%d entries in a cache of %d", held, most)
	}
	if s.Evicted == 0 {
		t.Errorf("nothing was evicted: %+v", s)
	}
}

func TestStatsAddUp(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	const passes = 100 // far fewer than the cache holds: all are kept
	for n := range uint64(passes) {
		knows(c, pass(n))
		c.Remember(pass(n), shown(n, 0))
	}
	for n := range uint64(passes) {
		if !knows(c, pass(n)) {
			t.Errorf("pass %d of %d was dropped", n, passes)
		}
	}
	want := passcache.Stats{Hits: passes, Misses: passes, Kept: passes}
	if s := c.Stats(); s != want {
		t.Errorf("stats %+v, want %+v", s, want)
	}
	c.Close()
	if s := c.Stats(); s != want {
		t.Errorf("after Close the stats are %+v, want %+v", s, want)
	}
}

func TestConcurrentGates(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	var gates sync.WaitGroup
	for gate := range uint64(4) {
		gates.Go(func() {
			random := rand.New(rand.NewPCG(gate, 5))
			for range 3000 {
				n := random.Uint64N(2000)
				newest, known := c.Recall(pass(n))
				if known && (n%2 == 1 || newest != shown(n, newest.Step)) {
					t.Errorf("pass %d is found without Remember, or with another link than that of step %d", n, newest.Step)
				}
				if n%2 == 0 {
					c.Remember(pass(n), shown(n, uint8(random.IntN(30))))
				}
				if n == 0 {
					c.Stats()
				}
			}
		})
	}
	gates.Wait()
	if s := c.Stats(); s.Hits == 0 || s.Hits+s.Misses != 4*3000 {
		t.Errorf("stats %+v, want %d lookups and hits among them", s, 4*3000)
	}
}

func TestTooSmallCachesAreRefused(t *testing.T) {
	for _, bytes := range []int64{-1, 0, passcache.MinBytes - 1} {
		if c, err := passcache.New(bytes); err == nil {
			c.Close()
			t.Errorf("a cache of %d bytes was made", bytes)
		}
	}
	newCache(t, passcache.MinBytes)
}

func TestClosedCacheFindsNothing(t *testing.T) {
	c, err := passcache.New(passcache.MinBytes)
	if err != nil {
		t.Fatal(err)
	}
	c.Remember(pass(1), shown(1, 1))
	c.Close()
	c.Remember(pass(2), shown(2, 1))
	c.Settle()
	for n := range uint64(3) {
		if knows(c, pass(n)) {
			t.Errorf("a closed cache found pass %d", n)
		}
	}
	c.Close() // a second call has no effect
}
