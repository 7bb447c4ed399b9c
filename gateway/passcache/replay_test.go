//go:build !race

package passcache_test

import (
	"testing"
	"time"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/tokens"
)

// cache is the common interface of Cache and Plain.
type cache interface {
	tokens.Passes
	Settle()
	Close()
}

// replay shows a cache the arrivals of the load test and returns the share of the
// repeated passes that it found.
func replay(t *testing.T, c cache) float64 {
	defer c.Close()
	schedule := loadtest.NewSchedule(loadtest.DefaultMix, 5000, time.Minute, false, 1)
	again, found := 0, 0
	for {
		a, ok := schedule.Next()
		if !ok {
			return float64(found) / float64(again)
		}
		n := uint64(a.Which)
		p, step := pass(n), uint8(a.Due/(tokens.Period*time.Second))
		switch {
		case a.Kind == loadtest.Fresh || a.Kind == loadtest.Rescan:
			newest, known := c.Recall(p)
			if known && newest != shown(n, newest.Step) {
				t.Fatalf("pass %d was found with a link that is not of step %d", n, newest.Step)
			}
			if a.Kind == loadtest.Rescan {
				again++
				if known {
					found++
				}
			}
			if !known || newest.Step < step {
				c.Remember(p, shown(n, step))
			}
			if !known {
				c.Settle() // the next arrival comes 200 µs later
			}
		case a.Shown: // tampered
			p[a.Dice%tokens.PassSize] ^= 1
			if _, known := c.Recall(p); known {
				t.Fatalf("pass %d was found with a flipped bit", n)
			}
		}
	}
}

// One minute of the load test at 5000 arrivals per second: 150,000 new passes and 120,000
// repeated ones, as in loadtest.Schedule. The logged table shows the effect of the
// cache's size. Ristretto alone is assumed to hold a pass in 320 bytes (it needed more).
func TestReplay(t *testing.T) {
	const rivalCost = 320
	for _, size := range []struct {
		bytes int64
		least float64 // share found
	}{
		{passcache.MinBytes, 0.40}, {1 << 20, 0.70}, {2 << 20, 0.86},
		{4 << 20, 0.93}, {8 << 20, 0.97}, {16 << 20, 0.99}, {64 << 20, 0.9999},
	} {
		ours := replay(t, newCache(t, size.bytes))
		rival, err := passcache.NewPlain(size.bytes / rivalCost)
		if err != nil {
			t.Fatal(err)
		}
		alone := replay(t, rival)
		t.Logf("%5.1f MiB, %6d passes: found %.2f %% of those shown again; ristretto alone, %6d passes: %.2f %%",
			float64(size.bytes)/(1<<20), passcache.Entries(size.bytes), 100*ours, size.bytes/rivalCost, 100*alone)
		if ours < size.least || ours < alone {
			t.Errorf("%d bytes: %.4f of the passes shown again were found, ristretto alone %.4f, want at least that and %.3f",
				size.bytes, ours, alone, size.least)
		}
	}
}
