// The crash test kills the issuer with SIGKILL at moments nobody chose, under the
// load of many phones, and holds what is left to what was acknowledged: no
// answer that was given may be untrue afterwards, and nothing may be there by
// half. SIGKILL ends a process, not the machine: what the operating system had
// taken over is written, so whether a commit was synced to disk is not seen here.
package crash

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/railgate/railgate/test/databasetest"
)

const (
	// minutesEnv makes a run longer: so many minutes of kills in place of theKills.
	minutesEnv = "RAILGATE_CRASH_MINUTES"
	// seedEnv repeats a plan; the run itself has real processes and is no repetition.
	seedEnv = "RAILGATE_CRASH_SEED"
	// theKills are those of an ordinary run, which takes about a quarter of a minute.
	// On a machine so busy that there was too little load, there are more.
	theKills  = 15
	mostKills = 3 * theKills

	thePhones = 8
	theDesks  = 2
)

func TestMain(m *testing.M) {
	if setting := os.Getenv(issuerEnv); setting != "" {
		os.Exit(issuerMain(setting))
	}
	databasetest.Main(m, "crash")
}

func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address, theSeed(t))
		load, end := context.WithCancel(t.Context())
		defer end()
		done := h.work(load)
		more := h.patience(t)
		for kills := 0; more(kills) && !t.Failed(); kills++ {
			h.liveAndDie(kills)
		}
		h.start()
		h.serving()
		h.working()
		end()
		done()
		h.drain()
		h.stop()
		h.holdAll()
		h.tell()
	})
}

// patience says whether to kill once more.
func (h *house) patience(t *testing.T) func(kills int) bool {
	text := os.Getenv(minutesEnv)
	if text == "" {
		return func(kills int) bool { return kills < theKills || h.idle && kills < mostKills }
	}
	minutes, err := strconv.ParseFloat(text, 64)
	if err != nil || minutes <= 0 || minutes > 24*60 {
		t.Fatalf("%s must be minutes, above 0 and at most a day", minutesEnv)
	}
	until := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	return func(int) bool { return time.Now().Before(until) }
}

// theSeed draws the plan, and is printed when the test fails or is verbose.
func theSeed(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedEnv, err)
		}
	}
	t.Logf("%s=%d", seedEnv, seed)
	return seed
}
