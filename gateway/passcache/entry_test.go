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

// tornWait bounds the stress where it runs on one processor only.
const tornWait = 3 * time.Second

// Gates renew the link of one pass after another while another gate reads it:
// what is read is always one of the pairs that were given, and never an older
// one than before. Nothing else is in the loops, and the test goes on until the
// reader has often seen a link change, so that they really met.
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

// renewAndRead is one round with new entries; it gives how often a link changed
// under the reader's eyes.
func renewAndRead(t *testing.T, gates int) (changes int) {
	const passes, steps = 2000, 256
	var given [steps]tokens.Shown
	for step := range given {
		given[step] = shown(1, uint8(step))
	}
	entries := make([]passcache.Remembered, passes)
	var at atomic.Int64 // the pass that is being renewed
	var all sync.WaitGroup
	for gate := range gates {
		all.Go(func() { // of two, one knows the even steps and the other the odd ones
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
				t.Errorf("after step %d came %+v, which is not a pair that was given, or an older one", before, s)
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
