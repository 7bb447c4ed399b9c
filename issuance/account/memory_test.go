//go:build !race

// The race detector's shadow memory would falsify the measurement.

package account

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// hashingChild is an environment variable that is set in the child process: its limit in MiB.
const hashingChild = "RAILGATE_TEST_HASHING_MIB"

// The maximum of concurrent hashings on 16 processors stays below the memory of the shipped
// container and unit. GOMEMLIMIT is nine tenths of it.
func TestLoginsStayWithinTheShippedMemory(t *testing.T) {
	if text := os.Getenv(hashingChild); text != "" {
		hashConcurrently(t, text)
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
			t.Skipf("the system does not report peak memory: %s", out)
		}
		if peak >= limit {
			t.Errorf("%d MiB at the peak, of %d", peak, limit)
		}
		t.Logf("%d MiB at the peak, of %d", peak, limit)
	}
}

func hashConcurrently(t *testing.T, limitMiB string) {
	limit, err := strconv.ParseInt(limitMiB, 10, 64)
	runtest.Must(t, err)
	work, err := DefaultHashing.WithinMemory(limit * mib)
	runtest.Must(t, err)
	work.MaxWait = mostWait
	h := newHasher(work)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { h.hash(t.Context(), "a long password without an account") })
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
