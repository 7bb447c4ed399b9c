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

// BenchmarkPassCacheHit finds a pass that was remembered. The rival never
// forgets and keeps no statistics.
func BenchmarkPassCacheHit(b *testing.B) {
	passes := thePasses()
	plain := newPlainPasses()
	for i := range passes {
		plain.Remember(&passes[i])
	}
	for _, rival := range []struct {
		name  string
		cache tokens.Passes
	}{{"ours", warmCache(b, passes)}, {"plain-map-rwmutex", plain}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if !rival.cache.Verified(&passes[i%passCount]) {
					b.Fatal("a remembered pass was not found")
				}
			}
		})
	}
}

// Remembered passes are found by both; one flipped bit anywhere, and by neither.
func TestPassCachesAgree(t *testing.T) {
	passes := thePasses()
	ours, plain := warmCache(t, passes), newPlainPasses()
	for i := range passes {
		plain.Remember(&passes[i])
	}
	for i := range passes {
		stranger := passes[i]
		stranger[i%tokens.PassSize] ^= 1 << (i % 8)
		if !ours.Verified(&passes[i]) || !plain.Verified(&passes[i]) {
			t.Fatalf("pass %d: ours %v, plain %v, want both true", i, ours.Verified(&passes[i]), plain.Verified(&passes[i]))
		}
		if ours.Verified(&stranger) || plain.Verified(&stranger) {
			t.Fatalf("stranger %d: ours %v, plain %v, want both false", i, ours.Verified(&stranger), plain.Verified(&stranger))
		}
	}
}
