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
	// bootWithin bounds a start, which may have to recover the database on a busy
	// machine; endWithin a death, and an ending that was asked for politely.
	bootWithin = 30 * time.Second
	endWithin  = 30 * time.Second
	// drainWithin is above the lease of a publisher that was killed.
	drainWithin    = 30 * time.Second
	requestTimeout = 10 * time.Second
	stderrTail     = 4000 // bytes of what a life said, to show
)

// Of the clock of issuers.
var firstMoment = time.Date(2026, 3, 30, 12, 0, 0, 0, identity.Beijing) // two jumps before a month ends

const (
	// A jump makes every credential renewable, and leaves each in force for a while.
	clockJump = 22 * time.Hour
	jumpEvery = 3                   // kills
	maxJumps  = 25 * 24 * time.Hour // all together: only what was never checked is old enough to be erased
)

// system is the issuer, one process after the other, and what is not killed: database,
// broker and clients.
type system struct {
	t          *testing.T
	address    string     // of the database
	random     *rand.Rand // of the plan
	broker     *fakekafka.Broker
	client     *http.Client
	model      *model
	people     *people
	stderr     runtest.Buffer // what all processes wrote on standard error
	anchors    []audit.Anchor // that the trail has shown so far
	incomplete bool           // some kind of request has not succeeded yet

	began  time.Time
	jumped time.Duration

	instance  atomic.Pointer[instance]
	url       atomic.Pointer[string]   // nil: no process is known to serve
	countdown atomic.Int64             // messages to the stream until one kills; see onMessage
	plan      atomic.Pointer[killPlan] // how that one kills
}

// instance is one life of the issuer: a process.
type instance struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	ended  chan struct{} // closed when it is gone
	killed atomic.Bool   // we killed it
}

// kill kills a process at once; also from other goroutines, more than once and
// when it has ended.
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
	t.Cleanup(func() { // after a failure in the middle; otherwise it is gone
		if l := sys.instance.Load(); l != nil {
			l.kill()
			<-l.ended
		}
		sys.client.CloseIdleConnections()
	})
	return sys
}

// now is the time by the issuer's clock, which never goes back.
func (sys *system) now() time.Time { return firstMoment.Add(sys.jumped + time.Since(sys.began)) }

// start begins a life and does not wait until it serves.
func (sys *system) start() {
	sys.t.Helper()
	setting, err := json.Marshal(issuerSetting{sys.address, sys.broker.Addresses(), sys.now().UnixMilli()})
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

// awaitServing waits until the present life serves.
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

// awaitEnd waits until a life that was killed, or told to end, is over.
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

// stop ends the last life politely.
func (sys *system) stop() {
	sys.t.Helper()
	l := sys.instance.Load()
	io.WriteString(l.stdin, politeStop+"\n")
	sys.awaitEnd(l)
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		sys.t.Errorf("the issuer ended with exit code %d, when it was asked to end:\n%s", code, tail(sys.stderr.String()))
	}
}

// report fails the test with what was noted, and shows how much was done.
func (sys *system) report() {
	sys.t.Helper()
	sys.model.mu.Lock()
	defer sys.model.mu.Unlock()
	for line := range strings.Lines(sys.stderr.String()) {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic:") {
			sys.model.faultLocked("the issuer said: %s", line)
		}
	}
	for _, f := range sys.model.faults {
		sys.t.Error(f)
	}
	if sys.t.Failed() && sys.stderr.String() != "" {
		sys.t.Logf("the issuer said at last:\n%s", tail(sys.stderr.String()))
	}
	for _, what := range slices.Sorted(maps.Keys(sys.model.counts)) {
		sys.t.Logf("%6d × %s", sys.model.counts[what], what)
	}
}

func tail(text string) string { return text[max(0, len(text)-stderrTail):] }

// Of one life, drawn from the plan.
const (
	maxLife     = 1200 * time.Millisecond // once it serves
	maxDelay    = 4 * time.Millisecond    // from a message's arrival to the kill
	startWithin = 250 * time.Millisecond  // a kill before this may find it starting
	// A life begins with a heartbeat to each partition: those are no records.
	minCountdown = partitions + 1
	maxCountdown = 12
)

// killPlan is what a message does that kills the issuer as it arrives at the broker.
type killPlan struct {
	lost  bool          // it does not get into the stream
	delay time.Duration // between its arrival and the kill: it may be acknowledged
}

func newKillPlan(r *rand.Rand) *killPlan {
	switch r.IntN(3) {
	case 0:
		return &killPlan{lost: true}
	case 1:
		return &killPlan{} // it is in the stream, and the issuer gets no answer
	}
	return &killPlan{delay: time.Duration(r.Int64N(int64(maxDelay)))}
}

// onMessage is told of every message before the broker takes it. An error loses it.
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

var errLost = errors.New("the broker did not get the message")

// runAndKill is one life and its end: while it starts, at the arrival of a message
// at the broker or a moment after it, or at any time.
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
	if countdown > 0 { // but not for ever: without the lease it says nothing
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
	// Otherwise the next life has to recover the database, and to wait for the
	// lease, all by itself.
	if r.IntN(3) > 0 {
		sys.inspect(func(db *database.DB) {
			sys.reconcileDatabase(db)
			sys.endLease(db)
		})
	}
}

// inspect opens the database beside no issuer.
func (sys *system) inspect(look func(db *database.DB)) {
	sys.t.Helper()
	db, err := database.Open(sys.t.Context(), sys.address, sys.now())
	if err != nil {
		sys.t.Fatal(err)
	}
	defer db.Close()
	look(db)
}

// endLease ends the lease of a publisher that is dead, as three seconds would:
// lives are shorter here.
func (sys *system) endLease(db *database.DB) {
	sys.t.Helper()
	if _, err := db.Writer().ExecContext(sys.t.Context(), `UPDATE publisher_lease SET until_ms = 0`); err != nil {
		sys.t.Fatal(err)
	}
}
