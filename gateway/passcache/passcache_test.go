package passcache_test

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// pass makes the n-th pass; to the cache they are only bytes.
func pass(n uint64) *tokens.SignedPass {
	var p tokens.SignedPass
	random := rand.New(rand.NewPCG(n, 2))
	for i := 0; i+8 <= len(p); i += 8 {
		binary.LittleEndian.PutUint64(p[i:], random.Uint64())
	}
	return &p
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

func TestWhatWasRememberedIsFoundOnceSettled(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	p := pass(1)
	if c.Verified(p) {
		t.Fatal("an empty cache knows a pass")
	}
	c.Remember(p)
	c.Settle()
	if !c.Verified(p) {
		t.Fatal("the pass was not found")
	}
	same := *p
	if !c.Verified(&same) {
		t.Error("the same bytes elsewhere were not found")
	}
	for i := range p {
		other := *p
		other[i] ^= 1
		if c.Verified(&other) {
			t.Fatalf("a pass that differs in byte %d was taken for it", i)
		}
	}
}

func TestTheCacheKeepsItsOwnCopy(t *testing.T) {
	// The gateway reuses the memory of a token for the next request.
	c := newCache(t, passcache.MinBytes)
	p := *pass(1)
	c.Remember(&p)
	p = *pass(2)
	c.Settle()
	if c.Verified(&p) {
		t.Error("bytes that were never remembered are taken for verified")
	}
	if !c.Verified(pass(1)) {
		t.Error("the pass was not found")
	}
}

func TestACollisionIsNotAHit(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	known, forged := pass(1), pass(2)
	c.Collide(known, forged)
	c.Settle()
	if c.Verified(forged) {
		t.Fatal("a pass was taken for verified because its hash is that of another")
	}
	// The slot is worth more to a pass that is really shown.
	c.Remember(forged)
	c.Settle()
	if !c.Verified(forged) {
		t.Error("after its own verification the pass was not found")
	}
}

// Whatever is remembered, forgotten and asked, in whatever order: the cache
// never knows what a plain set does not.
func TestAgainstAPlainSet(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	random := rand.New(rand.NewPCG(3, 4))
	remembered := map[tokens.SignedPass]bool{}
	const passes, steps = 5000, 60_000 // five times what the cache holds
	hits, misses := 0, 0
	for range steps {
		// Few passes are shown often: most of a minute's travellers are at one gate.
		n := random.Uint64N(passes)
		if random.IntN(2) == 0 {
			n %= 100
		}
		p := pass(n)
		if random.IntN(10) == 0 {
			p[random.IntN(len(p))] ^= 1 << random.IntN(8)
		}
		found := c.Verified(p)
		if found && !remembered[*p] {
			t.Fatal("the cache knows a pass that it was never given")
		}
		if found {
			hits++
			continue
		}
		misses++
		if random.IntN(4) != 0 { // the others have a bad signature
			c.Remember(p)
			remembered[*p] = true
		}
	}
	if hits == 0 || misses == 0 {
		t.Fatalf("%d hits and %d misses: the sequence tests nothing", hits, misses)
	}

	s := c.Stats()
	if s.Hits != uint64(hits) || s.Misses != uint64(misses) {
		t.Errorf("%d hits and %d misses, the cache says %+v", hits, misses, s)
	}
	c.Settle()
	s = c.Stats()
	if entries := uint64(passcache.Entries(passcache.MinBytes)); s.Kept-s.Evicted > entries {
		t.Errorf("%d entries in a cache of %d", s.Kept-s.Evicted, entries)
	}
	if s.Evicted == 0 {
		t.Errorf("nothing was evicted: %+v", s)
	}
}

func TestStatsAddUp(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	const passes = 100 // well below what the cache holds: all are kept
	for n := range uint64(passes) {
		c.Verified(pass(n))
		c.Remember(pass(n))
	}
	c.Settle()
	for n := range uint64(passes) {
		if !c.Verified(pass(n)) {
			t.Errorf("pass %d of %d was dropped", n, passes)
		}
	}
	if s, want := c.Stats(), (passcache.Stats{Hits: passes, Misses: passes, Kept: passes}); s != want {
		t.Errorf("stats %+v, want %+v", s, want)
	}
}

func TestManyGates(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	var gates sync.WaitGroup
	for gate := range uint64(4) {
		gates.Go(func() {
			random := rand.New(rand.NewPCG(gate, 5))
			for range 3000 {
				n := random.Uint64N(2000)
				if n%2 == 1 && c.Verified(pass(n)) {
					t.Errorf("pass %d was never remembered", n)
				}
				if n%2 == 0 && !c.Verified(pass(n)) {
					c.Remember(pass(n))
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

func TestTheSmallestCache(t *testing.T) {
	for _, bytes := range []int64{-1, 0, passcache.MinBytes - 1} {
		if c, err := passcache.New(bytes); err == nil {
			c.Close()
			t.Errorf("a cache of %d bytes was made", bytes)
		}
	}
	newCache(t, passcache.MinBytes)
}

func TestAClosedCacheKnowsNothing(t *testing.T) {
	c, err := passcache.New(passcache.MinBytes)
	if err != nil {
		t.Fatal(err)
	}
	c.Remember(pass(1))
	c.Settle()
	c.Close()
	c.Remember(pass(2))
	c.Settle()
	if c.Verified(pass(1)) || c.Verified(pass(2)) {
		t.Error("a closed cache found a pass")
	}
}
