// Package crash is a model checker of the issuer under SIGKILL. Clients of passengers and staff
// work against a real issuer process, which is killed at drawn moments: while it starts, when
// a message arrives at the broker, and at any other time. Three parts are compared:
//
//   - the model: requests and acknowledgements ([model]);
//   - observations: the rows of the database between two processes ([rows]), the audit log,
//     and at the end the whole stream as a gateway reads it;
//   - the reconciliation ([model.reconcile], [system.reconcileStream]): everything that was
//     acknowledged is stored, and everything else that is stored belongs to a request whose
//     answer was lost.
//
// In addition, [rows.checkAll] checks the rows alone: no change is stored partially.
//
// SIGKILL ends a process, not the machine: data already passed to the operating system is
// written. The test does not show whether a commit was synced to disk.
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
	// minutesEnv makes a run longer: minutes of kills instead of minKills.
	minutesEnv = "RAILGATE_CRASH_MINUTES"
	// seedEnv repeats a plan; the run itself uses real processes and differs.
	seedEnv = "RAILGATE_CRASH_SEED"
	// minKills is the number of kills in an ordinary run, which takes about 15 s. If the machine is
	// so busy that some request has not succeeded, there are more.
	minKills = 15
	maxKills = 3 * minKills

	passengerClients = 8
	staffClients     = 2
)

func TestMain(m *testing.M) {
	if setting := os.Getenv(issuerEnv); setting != "" {
		os.Exit(issuerMain(setting))
	}
	databasetest.Main(m, "crash")
}

func TestKillsLoseNoAcknowledgedChange(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		sys := newSystem(t, address, planSeed(t))
		load, end := context.WithCancel(t.Context())
		defer end()
		done := sys.work(load)
		more := sys.killMore(t)
		for kills := 0; more(kills) && !t.Failed(); kills++ {
			sys.runAndKill(kills)
		}
		sys.start()
		sys.awaitServing()
		sys.awaitWork()
		end()
		done()
		sys.drain()
		sys.stop()
		sys.reconcileAll()
		sys.report()
	})
}

// killMore returns a function that reports whether to kill again.
func (sys *system) killMore(t *testing.T) func(kills int) bool {
	text := os.Getenv(minutesEnv)
	if text == "" {
		return func(kills int) bool { return kills < minKills || sys.incomplete && kills < maxKills }
	}
	minutes, err := strconv.ParseFloat(text, 64)
	if err != nil || minutes <= 0 || minutes > 24*60 {
		t.Fatalf("%s must be a number of minutes above 0 and at most 1440", minutesEnv)
	}
	until := time.Now().Add(time.Duration(minutes * float64(time.Minute)))
	return func(int) bool { return time.Now().Before(until) }
}

// planSeed returns the seed of the plan, and logs it.
func planSeed(t *testing.T) uint64 {
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
