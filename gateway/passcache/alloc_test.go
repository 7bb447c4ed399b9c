//go:build !race

package passcache_test

import (
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

// A repeated pass allocates nothing, whether its link is newer or not. The race detector
// allocates by itself, hence the build tag.
func TestHitAllocatesNothing(t *testing.T) {
	c := newCache(t, passcache.MinBytes)
	p := pass(1)
	shows := make([]tokens.Shown, 256)
	for step := range shows {
		shows[step] = shown(1, uint8(step))
	}
	c.Remember(p, shows[0])
	step := 0
	if n := testing.AllocsPerRun(200, func() {
		step++
		c.Remember(p, shows[step])
		if newest, known := c.Recall(p); !known || newest != shows[step] {
			t.Fatalf("step %d was remembered and step %d is returned", step, newest.Step)
		}
	}); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
	if s := c.Stats(); s.Kept != 1 {
		t.Errorf("a newer link made the cache keep %d passes", s.Kept)
	}
}
