package bench

import (
	"runtime"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
)

// filledBytes is the size of a cache that the passes of half an hour at a large station fill.
const filledBytes = 12 << 20

// BenchmarkPassCacheMemory reports the memory of a full cache for each pass that it still contains,
// with its fixed part. An operation is filling it.
func BenchmarkPassCacheMemory(b *testing.B) {
	passes := thePasses()
	shown := theShown(passes)
	used := func() uint64 {
		runtime.GC()
		runtime.GC() // the first keeps the content of pools
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var each float64
	for b.Loop() {
		before := used()
		cache, err := passcache.New(filledBytes)
		if err != nil {
			b.Fatal(err)
		}
		for turn := range 2 { // entries that did not fit the first time are new the second time
			for i := range passes {
				pass := passes[i]
				pass[len(pass)-1] ^= byte(turn)
				cache.Remember(&pass, shown[i])
				if i%1024 == 0 {
					cache.Settle()
				}
			}
		}
		cache.Settle()
		taken, known := used()-before, 0
		for turn := range 2 {
			for i := range passes {
				pass := passes[i]
				pass[len(pass)-1] ^= byte(turn)
				if _, ok := cache.Recall(&pass); ok {
					known++
				}
			}
		}
		each = float64(taken) / float64(known)
		cache.Close()
	}
	b.ReportMetric(each, "B/pass")
}
