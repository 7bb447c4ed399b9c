package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// A cache looks at bytes only, so its benchmark takes random ones: as many
// passes as a large station has in half an hour, which no near cache holds.
const passCount = 1 << 16

// cacheBytes is room for three times as many.
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

// rememberTurns bounds filling a cache that may drop what it is given.
const rememberTurns = 20

// warmCache is our cache holding every one of the passes.
func warmCache(tb testing.TB, passes []tokens.SignedPass) *passcache.Cache {
	cache, err := passcache.New(cacheBytes)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cache.Close)
	for range rememberTurns {
		missing := 0
		for i := range passes {
			if !cache.Verified(&passes[i]) {
				cache.Remember(&passes[i])
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

// theShown are the links that go with the passes, one each.
func theShown(passes []tokens.SignedPass) []passcache.Shown {
	shown := make([]passcache.Shown, len(passes))
	for i := range shown {
		shown[i] = passcache.Shown{Step: uint8(i % tokens.Length), Link: tokens.Link(passes[i][:])}
	}
	return shown
}

// plainShown remembers each pass with its newest link in a map behind a lock.
// It never forgets and keeps no statistics.
type plainShown struct {
	mu    sync.RWMutex
	known map[tokens.SignedPass]passcache.Shown
}

func (p *plainShown) Recall(pass *tokens.SignedPass, newest *passcache.Shown) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	shown, yes := p.known[*pass]
	if yes {
		*newest = shown
	}
	return yes
}

func (p *plainShown) RememberShown(pass *tokens.SignedPass, shown *passcache.Shown) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, yes := p.known[*pass]; !yes || before.Step < shown.Step {
		p.known[*pass] = *shown
	}
}

// shownCaches are ours and the rival, both holding every pass with its link.
func shownCaches(tb testing.TB) (ours *passcache.Cache, plain *plainShown) {
	passes := thePasses()
	ours, plain = warmCache(tb, passes), &plainShown{known: map[tokens.SignedPass]passcache.Shown{}}
	for i, shown := range theShown(passes) {
		ours.RememberShown(&passes[i], &shown)
		plain.RememberShown(&passes[i], &shown)
	}
	return ours, plain
}

// BenchmarkPassCacheHit finds a pass that was remembered, and its newest link.
func BenchmarkPassCacheHit(b *testing.B) {
	passes := thePasses()
	ours, plain := shownCaches(b)
	for _, rival := range []struct {
		name  string
		cache interface {
			Recall(*tokens.SignedPass, *passcache.Shown) bool
		}
	}{{"ours", ours}, {"plain-map-rwmutex", plain}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			var newest passcache.Shown
			for i := 0; b.Loop(); i++ {
				if !rival.cache.Recall(&passes[i%passCount], &newest) || newest.Step != uint8(i%passCount%tokens.Length) {
					b.Fatal("a remembered pass was not found, or not with its link")
				}
			}
		})
	}
}

// Remembered passes are found by both with the same newest link, which only a
// newer one replaces; one flipped bit anywhere, and they are found by neither.
func TestPassCachesAgree(t *testing.T) {
	passes := thePasses()
	ours, plain := shownCaches(t)
	random := rand.New(rand.NewPCG(7, 8))
	recall := func(pass *tokens.SignedPass, want bool) {
		t.Helper()
		var a, b passcache.Shown
		if ours, plain := ours.Recall(pass, &a), plain.Recall(pass, &b); ours != want || plain != want || a != b {
			t.Fatalf("ours %v with %+v, plain %v with %+v; want %v and the same link", ours, a, plain, b, want)
		}
	}
	for i := range passes {
		recall(&passes[i], true)
		shown := passcache.Shown{Step: uint8(random.IntN(tokens.Length))}
		// Of one step there is one link.
		shown.Link = tokens.Link(passes[i][:])
		if shown.Step != uint8(i%tokens.Length) {
			shown.Link[0] ^= shown.Step + 1
		}
		ours.RememberShown(&passes[i], &shown)
		plain.RememberShown(&passes[i], &shown)
		recall(&passes[i], true)
		stranger := passes[i]
		stranger[i%tokens.PassSize] ^= 1 << (i % 8)
		recall(&stranger, false)
	}
}
