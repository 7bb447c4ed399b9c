package account

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

const mib = 1 << 20

// The hashings at once follow from the limit on memory: N = f(limit).
func TestHashingsFollowFromTheMemoryLimit(t *testing.T) {
	processors := runtime.GOMAXPROCS(16)
	t.Cleanup(func() { runtime.GOMAXPROCS(processors) })
	for limit, want := range map[int64]int{
		0: 16, 128 * mib: 1, 255 * mib: 1, 256 * mib: 2, 450 * mib: 3, 512 * mib: 4, 900 * mib: 7, 1024 * mib: 8, 2048 * mib: 16, 64 << 30: 16,
	} {
		h, err := DefaultHashing.Within(limit)
		if err != nil || h.AtOnce() != want || limit > 0 && int64(h.MemoryMiB())*mib > limit/2 {
			t.Errorf("limit %d MiB: %d at once, %v, want %d", limit/mib, h.AtOnce(), err, want)
		}
	}
	for limit, chosen := range map[int64]int{127 * mib: 0, mib: 0, 512 * mib: 5, 900 * mib: 16} {
		h := DefaultHashing
		h.Concurrent = chosen
		var few *TooFewError
		if _, err := h.Within(limit); !errors.As(err, &few) || few.Wanted != max(chosen, 1) || !strings.Contains(err.Error(), fmt.Sprintf("limit of %d MiB", limit/mib)) {
			t.Errorf("%d at once within %d MiB: %v", chosen, limit/mib, err)
		}
	}
}
