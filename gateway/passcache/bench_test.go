package passcache_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// hotPasses is the number of passes of a large station in half an hour.
const hotPasses = 1 << 16

var hot = sync.OnceValue(func() []tokens.SignedPass {
	passes := make([]tokens.SignedPass, hotPasses)
	for n := range passes {
		passes[n] = *pass(uint64(n))
	}
	return passes
})

type rival interface {
	tokens.Passes
	Settle()
}

type named struct {
	name  string
	cache rival
}

// rivals returns the cache and ristretto alone, each holding the hot passes.
func rivals(b *testing.B) []named {
	alone, err := passcache.NewPlain(200_000)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(alone.Close)
	both := []named{{"ours", newCache(b, 64<<20)}, {"ristretto-alone", alone}}
	for _, r := range both {
		for n := range hot() {
			r.cache.Remember(&hot()[n], shown(uint64(n), 1))
			if n%1024 == 0 {
				r.cache.Settle()
			}
		}
		r.cache.Settle()
	}
	return both
}

// BenchmarkHit looks up passes in turn, compared with ristretto alone;
// bench.BenchmarkPassCacheHit compares with a plain map.
func BenchmarkHit(b *testing.B) {
	for _, r := range rivals(b) {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, known := r.cache.Recall(&hot()[i%hotPasses]); !known {
					b.Fatal("a remembered pass was not found")
				}
			}
		})
	}
}

// BenchmarkHitManyCores is BenchmarkHit on all processors concurrently.
func BenchmarkHitManyCores(b *testing.B) {
	for _, r := range rivals(b) {
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			var first atomic.Uint32
			b.RunParallel(func(pb *testing.PB) {
				for i := first.Add(hotPasses / 4); pb.Next(); i++ {
					if _, known := r.cache.Recall(&hot()[i%hotPasses]); !known {
						b.Error("a remembered pass was not found")
						return
					}
				}
			})
		})
	}
}

// BenchmarkNewerLink replaces the link of a known pass. When all passes have reached the
// last step, the timer stops while a new cache is filled.
func BenchmarkNewerLink(b *testing.B) {
	shows := make([]tokens.Shown, 256)
	for step := range shows {
		shows[step] = shown(1, uint8(step))
	}
	var c *passcache.Cache
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		step := i / hotPasses % len(shows)
		if i%(hotPasses*len(shows)) == 0 {
			b.StopTimer()
			c = newCache(b, 64<<20)
			for n := range hot() {
				c.Remember(&hot()[n], shows[0])
			}
			b.StartTimer()
		}
		c.Remember(&hot()[i%hotPasses], shows[step])
	}
}
