package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/process"
)

// The load on the gate: new and known passes, forged ones, and credentials that were revoked
// through the issuer just before, while it was idle or busy.
const (
	gateMix         = "fresh=50,rescan=40,tampered=5,revoked=5"
	gateRevoked     = 10
	gateConnections = 16
)

// Bounds of the waits for the gate's load and for the gate.
const (
	gatePrepare = 2 * time.Minute // the load test's own bounds are shorter
	freshWithin = 30 * time.Second
	freshPoll   = 50 * time.Millisecond
	askWithin   = 5 * time.Second
	answerMax   = 16 << 10 // bytes
)

// gateLoad is a running load test binary: a process of its own can use the gate's processor.
type gateLoad struct {
	cmd   *exec.Cmd
	kill  context.CancelFunc
	ctx   context.Context
	json  string
	began chan time.Time // start of its arrivals
	done  chan struct{}  // closed when it has ended; then err and last are set
	err   error
	last  string // last line of its stderr
}

// startGateLoad starts the load for a duration after the warm-up.
func startGateLoad(g *gateRun, length time.Duration, seed uint64) (*gateLoad, error) {
	folder, err := os.MkdirTemp("", "railgate-issuance-gate-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(g.ctx, gatePrepare+gateWarmup+length)
	l := &gateLoad{ctx: ctx, json: filepath.Join(folder, "result.json"), began: make(chan time.Time, 1), done: make(chan struct{})}
	l.kill = func() { cancel(); <-l.done; os.RemoveAll(folder) }
	// A signal stops it in order; WaitDelay kills it otherwise.
	l.cmd = exec.CommandContext(ctx, g.binaries.Path("loadtest"), "-target", g.system.target, "-json", l.json, "-mix", gateMix,
		"-revoked", fmt.Sprint(gateRevoked), "-rate", fmt.Sprint(g.gateRate), "-warmup", gateWarmup.String(), "-duration", length.String(),
		"-connections", fmt.Sprint(gateConnections), "-seed", fmt.Sprint(seed))
	l.cmd.Cancel = func() error { return l.cmd.Process.Signal(os.Interrupt) }
	l.cmd.WaitDelay = askWithin
	stderr, err := l.cmd.StderrPipe()
	if err == nil {
		err = process.StartOn(g.cpu, l.cmd)
	}
	if err != nil {
		close(l.done)
		l.kill()
		return nil, fmt.Errorf("gate load: %w", err)
	}
	go l.follow(stderr)
	return l, nil
}

// follow reads the load's progress. The first line with a figure is written one second after the
// first arrival.
func (l *gateLoad) follow(stderr io.Reader) {
	defer close(l.done)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		l.last = lines.Text()
		if strings.Contains(l.last, "  sent ") {
			select {
			case l.began <- time.Now().Add(-time.Second):
			default: // a later line
			}
		}
	}
	l.err = l.cmd.Wait()
}

// await waits until arrivals have continued for a duration, at least one second.
func (l *gateLoad) await(since time.Duration) error {
	select {
	case began := <-l.began:
		select {
		case <-time.After(time.Until(began.Add(since))):
			return nil
		case <-l.done:
		}
	case <-l.done:
	}
	return fmt.Errorf("gate load ended early (%v): %s", l.err, l.last)
}

// result waits for the end. Anything except a correct answer to every check is an error; a late
// load generator is not, see Result.Invalid.
func (l *gateLoad) result() (*loadtest.Result, error) {
	<-l.done
	text, err := os.ReadFile(l.json)
	if err != nil {
		return nil, fmt.Errorf("gate load (%v): %s", l.err, l.last)
	}
	var r loadtest.Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("gate load (%v): %s", l.err, l.last)
	}
	if (l.err != nil && len(r.Invalid) == 0) || !r.Clean() {
		return nil, fmt.Errorf("gate load: %d wrong verdicts, %d errors, %d arrivals not sent (%w)", r.Wrong, r.Errors, r.Unmet, errors.Join(l.err, l.ctx.Err()))
	}
	return &r, nil
}

// revocationData is the state of the gate's data.
type revocationData struct {
	State string `json:"state"`
	AgeMS int64  `json:"age_ms"`
}

func (g *gateRun) revocationData() (d revocationData, err error) {
	ctx, cancel := context.WithTimeout(g.ctx, askWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.system.gateway.URL+"/readyz", nil)
	if err != nil {
		return d, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return d, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, answerMax)).Decode(&d); err != nil || d.State == "" {
		return d, errors.New("the gate's /readyz does not report the state of its data")
	}
	return d, nil
}

// awaitFresh waits until the gate's data is fresh again.
func (g *gateRun) awaitFresh() error {
	for deadline := time.Now().Add(freshWithin); ; {
		d, err := g.revocationData()
		if err != nil || d.State == revocation.Fresh.String() {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the gate's data is still %s %v after the database was restarted", d.State, freshWithin)
		}
		select {
		case <-g.ctx.Done():
			return g.ctx.Err()
		case <-time.After(freshPoll):
		}
	}
}
