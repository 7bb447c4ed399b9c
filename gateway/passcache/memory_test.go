//go:build !race

package passcache_test

import (
	"runtime"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
)

// mostPerPass is the promised bound, bytes; it includes a share of the cache's fixed part.
const mostPerPass = 350

// heap returns the memory in use, bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first one leaves the objects in pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A cache that was filled several times over takes the configured memory, and each pass
// in it the memory that New assumes. The race detector has memory of its own, hence the
// build tag.
func TestMemory(t *testing.T) {
	for _, mib := range []int64{1, 2, 3, 5, 8, 12, 18, 34} { // the last holds 200,000 passes
		bytes, before := mib<<20, heap()
		c, err := passcache.New(bytes)
		if err != nil {
			t.Fatal(err)
		}
		fresh := uint64(3 * passcache.Entries(bytes))
		for n := range fresh {
			c.Remember(pass(n), shown(n, 0))
			if n%1024 == 0 {
				c.Settle() // gates check more slowly than this
			}
		}
		c.Settle()
		taken, kept := heap()-before, int64(0)
		for n := range fresh {
			if knows(c, pass(n)) {
				kept++
			}
		}
		each := (taken - passcache.FixedCost) / kept
		t.Logf("%2d MiB: %6d passes kept of %d, %d B each and %d B with the fixed part; %.2f of the configured memory",
			mib, kept, fresh, each, taken/kept, float64(taken)/float64(bytes))
		if kept > 5000 && taken/kept > mostPerPass {
			t.Errorf("%d MiB: %d B for each of %d passes, want at most %d", mib, taken/kept, kept, mostPerPass)
		}
		if kept > 5000 && far(each, passcache.Cost) {
			t.Errorf("%d MiB: a pass takes %d B, New assumes %d", mib, each, passcache.Cost)
		}
		if far(taken, bytes) {
			t.Errorf("a cache of %d bytes took %d", bytes, taken)
		}
		runtime.KeepAlive(c)
		c.Close()
	}
}

// far reports whether have differs from want by more than ten percent.
func far(have, want int64) bool { return have*10 > want*11 || have*10 < want*9 }
