package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// A cache compares bytes only, so its benchmark uses random ones: as many passes as a large station
// sees in half an hour, more than a processor cache can store.
const passCount = 1 << 16

// cacheBytes is memory for five times as many.
const cacheBytes = 64 << 20

var thePasses = sync.OnceValue(func() []tokens.SignedPass {
	random := rand.New(rand.NewPCG(5, 6))
	passes := make([]tokens.SignedPass, passCount)
	for i := range passes {
		for at := 0; at+8 <= tokens.PassSize; at += 8 {
			binary.LittleEndian.PutUint64(passes[i][at:], random.Uint64())
		}
	}
	return passes
})

// theShown returns links for the passes, one each.
func theShown(passes []tokens.SignedPass) []tokens.Shown {
	shown := make([]tokens.Shown, len(passes))
	for i := range shown {
		shown[i] = shownIn(&passes[i], i%tokens.Length)
	}
	return shown
}

// shownIn returns a link for a step. For a cache it is enough that each differs.
func shownIn(pass *tokens.SignedPass, step int) tokens.Shown {
	s := tokens.Shown{Step: uint8(step), Link: tokens.Link(pass[:])}
	s.Link[0] ^= uint8(step)
	return s
}

// rememberTurns bounds the attempts to fill a cache that may drop entries.
const rememberTurns = 20

// warmCache returns a cache that contains every pass with its link.
func warmCache(tb testing.TB, passes []tokens.SignedPass, shown []tokens.Shown) *passcache.Cache {
	cache, err := passcache.New(cacheBytes)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cache.Close)
	for range rememberTurns {
		missing := 0
		for i := range passes {
			if _, known := cache.Recall(&passes[i]); !known {
				cache.Remember(&passes[i], shown[i])
				missing++
			}
		}
		if missing == 0 {
			return cache
		}
		cache.Settle()
	}
	tb.Fatalf("the cache did not keep %d passes in %d turns", len(passes), rememberTurns)
	return nil
}

// plainShown stores each pass with its newest link in a map behind a lock. It never evicts and has
// no statistics.
type plainShown struct {
	mu    sync.RWMutex
	known map[tokens.SignedPass]tokens.Shown
}

func (p *plainShown) Recall(pass *tokens.SignedPass) (newest tokens.Shown, known bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	newest, known = p.known[*pass]
	return newest, known
}

func (p *plainShown) Remember(pass *tokens.SignedPass, shown tokens.Shown) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, known := p.known[*pass]; !known || before.Step < shown.Step {
		p.known[*pass] = shown
	}
}

// shownCaches returns railgate's cache and the rival, both with every pass and its link.
func shownCaches(tb testing.TB) (ours, plain tokens.Passes) {
	passes := thePasses()
	shown := theShown(passes)
	plain = &plainShown{known: map[tokens.SignedPass]tokens.Shown{}}
	for i := range passes {
		plain.Remember(&passes[i], shown[i])
	}
	return warmCache(tb, passes, shown), plain
}

// BenchmarkPassCacheHit looks up a remembered pass and its newest link.
func BenchmarkPassCacheHit(b *testing.B) {
	passes := thePasses()
	ours, plain := shownCaches(b)
	for _, rival := range []struct {
		name  string
		cache tokens.Passes
	}{{"ours", ours}, {"plain-map-rwmutex", plain}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				newest, known := rival.cache.Recall(&passes[i%passCount])
				if !known || newest.Step != uint8(i%passCount%tokens.Length) {
					b.Fatal("a remembered pass was not found, or not with its link")
				}
			}
		})
	}
}

// Both caches find remembered passes with the same newest link, which only a newer one replaces.
// Neither finds a pass with one flipped bit.
func TestPassCachesAgree(t *testing.T) {
	passes := thePasses()
	ours, plain := shownCaches(t)
	random := rand.New(rand.NewPCG(7, 8))
	recall := func(pass *tokens.SignedPass, want bool) {
		t.Helper()
		mine, found := ours.Recall(pass)
		theirs, there := plain.Recall(pass)
		if found != want || there != want || mine != theirs {
			t.Fatalf("ours %v with %+v, plain %v with %+v; want %v and the same link", found, mine, there, theirs, want)
		}
	}
	for i := range passes {
		recall(&passes[i], true)
		shown := shownIn(&passes[i], random.IntN(tokens.Length))
		ours.Remember(&passes[i], shown)
		plain.Remember(&passes[i], shown)
		recall(&passes[i], true)
		unknown := passes[i]
		unknown[i%tokens.PassSize] ^= 1 << (i % 8)
		recall(&unknown, false)
	}
}
