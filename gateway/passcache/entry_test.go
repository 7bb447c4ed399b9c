package passcache_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// tornWait bounds the test where only one processor is available.
const tornWait = 3 * time.Second

// Gates replace the link of one pass after another while another gate reads it: each
// result is one of the given pairs, and never older than the previous one. The loops do
// nothing else, and the test continues until the reader has often seen a link change,
// so reader and writers did overlap.
func TestLinksAreNeverTorn(t *testing.T) {
	for _, gates := range []int{1, 2} {
		changes := 0
		for end := time.Now().Add(tornWait); changes < 20_000 && time.Now().Before(end) && !t.Failed(); {
			changes += renewAndRead(t, gates)
		}
		t.Logf("%d gates renewing: %d changes of a link seen", gates, changes)
		if changes == 0 {
			t.Error("nothing was read")
		}
	}
}

// renewAndRead runs one round with new entries. It returns how often the reader saw a
// link change.
func renewAndRead(t *testing.T, gates int) (changes int) {
	const passes, steps = 2000, 256
	var given [steps]tokens.Shown
	for step := range given {
		given[step] = shown(1, uint8(step))
	}
	entries := make([]passcache.Remembered, passes)
	var at atomic.Int64 // the pass whose link is being replaced
	var all sync.WaitGroup
	for gate := range gates {
		all.Go(func() { // with two gates, one has the even steps and one the odd ones
			for n := range entries {
				at.Store(int64(n))
				for step := gate; step < steps; step += gates {
					entries[n].Advance(given[step])
				}
			}
			at.Store(passes)
		})
	}
	before, last := uint8(0), int64(-1)
	for n := at.Load(); n < passes; n = at.Load() {
		if n != last {
			last, before = n, 0
		}
		for range 64 {
			s, ok := entries[n].Newest()
			if !ok {
				continue
			}
			if s != given[s.Step] || s.Step < before {
				t.Errorf("after step %d came %+v, which is an older pair or was never given", before, s)
				all.Wait()
				return changes
			}
			if s.Step != before {
				changes++
			}
			before = s.Step
		}
	}
	all.Wait()
	for n := range entries {
		if s, ok := entries[n].Newest(); !ok || s != given[s.Step] || int(s.Step) < steps-gates {
			t.Fatalf("pass %d ends with %+v, want one of the last steps", n, s)
		}
	}
	return changes
}

func TestEntryIsTwoCacheLines(t *testing.T) {
	if size := unsafe.Sizeof(passcache.Remembered{}); size != 128 {
		t.Errorf("an entry takes %d bytes, want 128: the next size of the allocator is 144", size)
	}
}
