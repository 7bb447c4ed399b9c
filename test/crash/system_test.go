package crash

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/harness/runtest"
)

const (
	// bootWithin bounds a start, which may have to recover the database on a busy machine.
	// endWithin bounds a kill and an orderly stop.
	bootWithin = 30 * time.Second
	endWithin  = 30 * time.Second
	// drainWithin is above the lease of a publisher that was killed.
	drainWithin    = 30 * time.Second
	requestTimeout = 10 * time.Second
	stderrTail     = 4000 // bytes of standard error to show
)

// firstMoment is the start of the issuers' clock.
var firstMoment = time.Date(2026, 3, 30, 12, 0, 0, 0, identity.Beijing) // two jumps before a month ends

const (
	// A jump makes every credential renewable, and leaves each active for a while.
	clockJump = 22 * time.Hour
	jumpEvery = 3                   // kills
	maxJumps  = 25 * 24 * time.Hour // in total: only unchecked applications get old enough to be erased
)

// system is the issuer, one process after the other, and everything that is not killed: database,
// broker and clients.
type system struct {
	t          *testing.T
	address    string     // of the database
	random     *rand.Rand // of the plan
	broker     *fakekafka.Broker
	client     *http.Client
	model      *model
	people     *people
	stderr     runtest.Buffer // of all processes
	anchors    []audit.Anchor // of the audit log so far
	bookings   bool           // the issuer publishes bookings
	incomplete bool           // some kind of request has not succeeded yet

	began  time.Time
	jumped time.Duration

	instance  atomic.Pointer[instance]
	url       atomic.Pointer[string]   // nil: no process serves
	countdown atomic.Int64             // messages to the stream until one triggers a kill; see onMessage
	plan      atomic.Pointer[killPlan] // how that message kills
}

// instance is one process of the issuer.
type instance struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	ended  chan struct{} // closed when it has ended
	killed atomic.Bool   // the test killed it
}

// kill kills a process. It is safe for concurrent use, repeated calls, and after the end.
func (l *instance) kill() {
	l.killed.Store(true)
	l.cmd.Process.Kill()
}

func newSystem(t *testing.T, address string, seed uint64) *system {
	t.Helper()
	broker, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	sys := &system{
		t: t, address: address, random: rand.New(rand.NewPCG(seed, 0)), broker: broker,
		client: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: passengerClients + staffClients}},
		model:  newModel(), people: newPeople(seed), began: time.Now(), incomplete: true,
	}
	broker.Cluster.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		broker.Cluster.KeepControl() // also when it loses a message
		err := sys.onMessage()
		return nil, err, err != nil
	})
	t.Cleanup(func() { // after a failure; otherwise the process has ended
		if l := sys.instance.Load(); l != nil {
			l.kill()
			<-l.ended
		}
		sys.client.CloseIdleConnections()
	})
	return sys
}

// now returns the time of the issuer's clock, which never goes back.
func (sys *system) now() time.Time { return firstMoment.Add(sys.jumped + time.Since(sys.began)) }

// start starts a process and does not wait until it serves.
func (sys *system) start() {
	sys.t.Helper()
	setting, err := json.Marshal(issuerSetting{sys.address, sys.broker.Addresses(), sys.now().UnixMilli(), sys.bookings})
	if err != nil {
		sys.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		sys.t.Fatal(err)
	}
	l := &instance{cmd: exec.Command(self), ended: make(chan struct{})}
	l.cmd.Env = append(os.Environ(), issuerEnv+"="+string(setting))
	l.cmd.Stderr = &sys.stderr
	stdin, err1 := l.cmd.StdinPipe()
	stdout, err2 := l.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, l.cmd.Start()); err != nil {
		sys.t.Fatal(err)
	}
	l.stdin = stdin
	sys.instance.Store(l)
	go func() {
		defer close(l.ended)
		for out := bufio.NewScanner(stdout); out.Scan(); {
			if url := out.Text(); strings.HasPrefix(url, "http://") {
				sys.url.Store(&url)
			}
		}
		l.cmd.Wait()
		sys.url.Store(nil)
	}()
}

// awaitServing waits until the current process serves.
func (sys *system) awaitServing() {
	sys.t.Helper()
	l := sys.instance.Load()
	runtest.Eventually(sys.t, bootWithin, "the issuer to serve", func() bool {
		select {
		case <-l.ended:
			return true
		default:
			return sys.url.Load() != nil
		}
	})
}

// awaitEnd waits for the end of a process that was killed or told to stop.
func (sys *system) awaitEnd(l *instance) {
	sys.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(endWithin):
		l.kill()
		sys.t.Fatalf("the issuer did not end within %v", endWithin)
	}
	sys.client.CloseIdleConnections()
}

// stop ends the last process in order.
func (sys *system) stop() {
	sys.t.Helper()
	l := sys.instance.Load()
	io.WriteString(l.stdin, stopCommand+"\n")
	sys.awaitEnd(l)
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		sys.t.Errorf("the issuer ended with exit code %d after the stop command:\n%s", code, tail(sys.stderr.String()))
	}
}

// report fails the test with the recorded faults, and logs the counts.
func (sys *system) report() {
	sys.t.Helper()
	sys.model.mu.Lock()
	defer sys.model.mu.Unlock()
	for line := range strings.Lines(sys.stderr.String()) {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic:") {
			sys.model.faultLocked("the issuer logged: %s", line)
		}
	}
	for _, f := range sys.model.faults {
		sys.t.Error(f)
	}
	if sys.t.Failed() && sys.stderr.String() != "" {
		sys.t.Logf("the end of the issuer's standard error:\n%s", tail(sys.stderr.String()))
	}
	for _, what := range slices.Sorted(maps.Keys(sys.model.counts)) {
		sys.t.Logf("%6d × %s", sys.model.counts[what], what)
	}
}

func tail(text string) string { return text[max(0, len(text)-stderrTail):] }

// Limits for one process, drawn from the plan.
const (
	maxLife     = 1200 * time.Millisecond // once it serves
	maxDelay    = 4 * time.Millisecond    // from a message's arrival to the kill
	startWithin = 250 * time.Millisecond  // an earlier kill may find it starting
	// A process first sends a heartbeat to each partition: those are not records.
	minCountdown = partitions + 1
	maxCountdown = 12
)

// killPlan is how a message that arrives at the broker kills the issuer.
type killPlan struct {
	lost  bool          // the message is lost
	delay time.Duration // between its arrival and the kill: it may be acknowledged
}

func newKillPlan(r *rand.Rand) *killPlan {
	switch r.IntN(3) {
	case 0:
		return &killPlan{lost: true}
	case 1:
		return &killPlan{} // the stream has it, and the issuer gets no answer
	}
	return &killPlan{delay: time.Duration(r.Int64N(int64(maxDelay)))}
}

// onMessage is called for every message before the broker accepts it. An error loses the message.
func (sys *system) onMessage() error {
	if sys.countdown.Add(-1) != 0 {
		return nil
	}
	l, s := sys.instance.Load(), sys.plan.Load()
	if s.delay > 0 {
		time.AfterFunc(s.delay, l.kill)
		return nil
	}
	l.kill()
	if s.lost {
		return errLost
	}
	return nil
}

var errLost = errors.New("the message was lost before it reached the broker")

// runAndKill starts one process and kills it: while it starts, at the arrival of a message at the
// broker or shortly after, or at any time.
func (sys *system) runAndKill(kills int) {
	sys.t.Helper()
	r := sys.random
	countdown := int64(0)
	starting := kills%8 == 6
	if !starting && r.IntN(2) == 0 {
		countdown = int64(minCountdown + r.IntN(maxCountdown))
	}
	lasts := time.Duration(r.Int64N(int64(maxLife)))
	sys.plan.Store(newKillPlan(r))
	sys.countdown.Store(countdown)
	sys.start()
	l := sys.instance.Load()
	if starting {
		lasts = time.Duration(r.Int64N(int64(startWithin)))
	} else {
		sys.awaitServing()
	}
	if countdown > 0 { // bounded: without the lease it sends nothing
		lasts = maxLife
	}
	select {
	case <-time.After(lasts):
		l.kill()
	case <-l.ended:
		if !l.killed.Load() {
			sys.t.Fatalf("the issuer ended by itself:\n%s", tail(sys.stderr.String()))
		}
	}
	sys.awaitEnd(l)
	sys.countdown.Store(0)
	if (kills+1)%jumpEvery == 0 && sys.jumped+clockJump <= maxJumps {
		sys.jumped += clockJump
		sys.model.mu.Lock()
		sys.model.jumps++
		sys.model.mu.Unlock()
	}
	// Otherwise the next process has to recover the database and to wait for the lease by itself.
	if r.IntN(3) > 0 {
		sys.inspect(func(db *database.DB) {
			sys.reconcileDatabase(db)
			sys.endLease(db)
		})
	}
}

// inspect opens the database while no issuer runs.
func (sys *system) inspect(look func(db *database.DB)) {
	sys.t.Helper()
	db, err := database.Open(sys.t.Context(), sys.address, sys.now())
	if err != nil {
		sys.t.Fatal(err)
	}
	defer db.Close()
	look(db)
}

// endLease ends the lease of a dead publisher early: processes live shorter than the lease of three
// seconds.
func (sys *system) endLease(db *database.DB) {
	sys.t.Helper()
	if _, err := db.Writer().ExecContext(sys.t.Context(), `UPDATE publisher_lease SET until_ms = 0`); err != nil {
		sys.t.Fatal(err)
	}
}
