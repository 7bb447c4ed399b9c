//go:build !race

package passcache_test

import (
	"runtime"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
)

// mostPerPass is the promise, bytes; the fixed part of the cache is in it.
const mostPerPass = 350

// heap is what is in use, bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first one leaves what pools hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A cache that was filled several times over takes what it was told to take,
// and each pass in it what New counts with. The race detector has memory of
// its own, hence the build tag.
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
				c.Settle() // a gate is asked more slowly than this
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
		t.Logf("%2d MiB: %6d passes kept of %d, %d B each and %d B with the fixed part; %.2f of what it was told to take",
			mib, kept, fresh, each, taken/kept, float64(taken)/float64(bytes))
		if kept > 5000 && taken/kept > mostPerPass {
			t.Errorf("%d MiB: %d B for each of %d passes, want at most %d", mib, taken/kept, kept, mostPerPass)
		}
		if kept > 5000 && far(each, passcache.Cost) {
			t.Errorf("%d MiB: a pass takes %d B, New counts with %d", mib, each, passcache.Cost)
		}
		if far(taken, bytes) {
			t.Errorf("a cache of %d bytes took %d", bytes, taken)
		}
		runtime.KeepAlive(c)
		c.Close()
	}
}

// far is more than ten percent away.
func far(have, want int64) bool { return have*10 > want*11 || have*10 < want*9 }
