package crash

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/test/fakekafka"
	"github.com/railgate/railgate/test/runtest"
)

const (
	// longestBoot bounds a start, which may have to recover the database on a busy
	// machine; longestEnd a death, and an ending that was asked for politely.
	longestBoot = 30 * time.Second
	longestEnd  = 30 * time.Second
	// longestDrain is above the lease of a publisher that was killed.
	longestDrain   = 30 * time.Second
	requestTimeout = 10 * time.Second
	stderrTail     = 4000 // bytes of what a life said, to show
)

// Of the clock of issuers.
var firstMoment = time.Date(2026, 3, 30, 12, 0, 0, 0, identity.Beijing) // two jumps before a month ends

const (
	// A jump makes every credential renewable, and leaves each in force for a while.
	clockJump = 22 * time.Hour
	jumpEvery = 3                   // kills
	mostJumps = 25 * 24 * time.Hour // all together: only what was never checked is old enough to be erased
)

// house is the issuer's many lives, and what stands around them and is not
// killed: database, broker and those who ask.
type house struct {
	t       *testing.T
	address string     // of the database
	random  *rand.Rand // of the plan
	broker  *fakekafka.Broker
	client  *http.Client
	book    *book
	crowd   *crowd
	said    runtest.Buffer // what all lives wrote on standard error
	anchors []audit.Anchor // that the trail has shown so far
	idle    bool           // there are things that nobody has done yet, as far as was looked

	began  time.Time
	jumped time.Duration

	life  atomic.Pointer[life]
	url   atomic.Pointer[string] // nil: nobody is known to serve
	fuse  atomic.Int64           // messages to the stream until one kills; see burn
	spark atomic.Pointer[spark]  // how that one kills
}

// life is one process.
type life struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	ended  chan struct{} // closed when it is gone
	struck atomic.Bool   // we killed it
}

// strike kills a process at once; also from other goroutines, more than once and
// when it has ended.
func (l *life) strike() {
	l.struck.Store(true)
	l.cmd.Process.Kill()
}

func newHouse(t *testing.T, address string, seed uint64) *house {
	t.Helper()
	broker, err := fakekafka.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	h := &house{
		t: t, address: address, random: rand.New(rand.NewPCG(seed, 0)), broker: broker,
		client: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: thePhones + theDesks}},
		book:   newBook(), crowd: newCrowd(seed), began: time.Now(), idle: true,
	}
	broker.Cluster.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		broker.Cluster.KeepControl() // also when it loses a message
		err := h.burn()
		return nil, err, err != nil
	})
	t.Cleanup(func() { // after a failure in the middle; otherwise it is gone
		if l := h.life.Load(); l != nil {
			l.strike()
			<-l.ended
		}
		h.client.CloseIdleConnections()
	})
	return h
}

// now is the time by the issuer's clock, which never goes back.
func (h *house) now() time.Time { return firstMoment.Add(h.jumped + time.Since(h.began)) }

// start begins a life and does not wait until it serves.
func (h *house) start() {
	h.t.Helper()
	setting, err := json.Marshal(issuerSetting{h.address, h.broker.Addresses(), h.now().UnixMilli()})
	if err != nil {
		h.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	l := &life{cmd: exec.Command(self), ended: make(chan struct{})}
	l.cmd.Env = append(os.Environ(), issuerEnv+"="+string(setting))
	l.cmd.Stderr = &h.said
	stdin, err1 := l.cmd.StdinPipe()
	stdout, err2 := l.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, l.cmd.Start()); err != nil {
		h.t.Fatal(err)
	}
	l.stdin = stdin
	h.life.Store(l)
	go func() {
		defer close(l.ended)
		for out := bufio.NewScanner(stdout); out.Scan(); {
			if url := out.Text(); strings.HasPrefix(url, "http://") {
				h.url.Store(&url)
			}
		}
		l.cmd.Wait()
		h.url.Store(nil)
	}()
}

// serving waits until the present life serves.
func (h *house) serving() {
	h.t.Helper()
	l := h.life.Load()
	runtest.Eventually(h.t, longestBoot, "the issuer to serve", func() bool {
		select {
		case <-l.ended:
			return true
		default:
			return h.url.Load() != nil
		}
	})
}

// gone waits until a life that was struck, or told to end, is over.
func (h *house) gone(l *life) {
	h.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(longestEnd):
		l.strike()
		h.t.Fatalf("the issuer did not end within %v", longestEnd)
	}
	h.client.CloseIdleConnections()
}

// stop ends the last life politely.
func (h *house) stop() {
	h.t.Helper()
	l := h.life.Load()
	io.WriteString(l.stdin, politeStop+"\n")
	h.gone(l)
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		h.t.Errorf("the issuer ended with exit code %d, when it was asked to end:\n%s", code, tail(h.said.String()))
	}
}

func tail(text string) string { return text[max(0, len(text)-stderrTail):] }
