package account

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
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

// hashingChild is set in a child process: the limit it runs under, MiB.
const hashingChild = "RAILGATE_TEST_HASHING_MIB"

// As many logins at once as there can be, on 16 processors, stay below the memory that
// the shipped container and unit give: GOMEMLIMIT is nine tenths of it.
func TestLoginsStayWithinTheShippedMemory(t *testing.T) {
	if text := os.Getenv(hashingChild); text != "" {
		hashEverything(t, text)
		return
	}
	for limit, runtimeLimit := range map[int]int{512: 450} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLoginsStayWithinTheShippedMemory$", "-test.v")
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", hashingChild, runtimeLimit), fmt.Sprintf("GOMEMLIMIT=%dMiB", runtimeLimit), "GOMAXPROCS=16")
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		_, rest, found := strings.Cut(string(out), "peak ")
		text, _, _ := strings.Cut(rest, " ")
		peak, err := strconv.Atoi(text)
		if !found || err != nil {
			t.Skipf("the system does not tell the peak: %s", out)
		}
		if peak >= limit {
			t.Errorf("%d MiB at the peak, of %d", peak, limit)
		}
		t.Logf("%d MiB at the peak, of %d", peak, limit)
	}
}

func hashEverything(t *testing.T, limitMiB string) {
	limit, err := strconv.ParseInt(limitMiB, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	work, err := DefaultHashing.Within(limit * mib)
	if err != nil {
		t.Fatal(err)
	}
	work.MaxWait = mostWait
	h := newHasher(work)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { h.hash(t.Context(), "a long password of nobody") })
	}
	all.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if n, err := strconv.Atoi(kib); err == nil {
		fmt.Printf("peak %d MiB\n", n>>10)
	}
}
