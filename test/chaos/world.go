package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const gatewayCount = 3

// Each part of the run draws from a stream of its own, so that the plan of
// faults does not depend on how far the others came.
const (
	streamPlan  = 0
	streamFault = 1 << 16
	streamStaff = 2 << 16
	streamWatch = 3 << 16
)

// world is the house under test and those who use it.
type world struct {
	// immutable
	seed          uint64
	length        time.Duration // of the faults; 0: each kind once
	only          string        // part of the names of the kinds to inject
	dir           string        // work folder
	binaries      string        // folder of issuer and gateway
	say           *console
	report        *report
	ledger        *ledger
	broker        broker
	topic         string
	issuer        *child
	standby       *child // a second issuer on the same database; runs in one fault only
	issuerURL     string
	issuerAdmin   string
	gateways      []*gateway
	spare         *gateway // starts at the end, with no snapshot
	children      []*child // all of them
	client        *http.Client
	device, staff string
	authority     string // public key, 64 hex digits
	cleanup       []func()
	postmaster    int          // process of the PostgreSQL server; 0: none, or not on this machine
	others        atomic.Int64 // checks of passengers that nobody revokes, see latency

	keep   bool
	closed sync.Once
}

// gateway is a child that answers checks.
type gateway struct {
	*child
	url, admin, snapshots string
	client                *http.Client
}

// random is one of the seed's streams.
func (w *world) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, stream)) }

func newWorld(ctx context.Context, o options, say *console) (_ *world, err error) {
	w := &world{seed: o.seed, length: time.Duration(o.minutes * float64(time.Minute)), only: o.only, keep: o.keep,
		say: say, report: newReport(say), ledger: &ledger{}, client: newClient(),
		topic: fmt.Sprintf("railgate.control.faults.%d", time.Now().UnixNano())} // a real broker keeps topics
	if w.dir, err = os.MkdirTemp("", "railgate-faults-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.binaries = o.binaries; w.binaries == "" {
		w.binaries = w.dir
		say.line("building issuer and gateway")
		if err := w.build(ctx); err != nil {
			return nil, err
		}
	}
	if o.kafka != "" {
		w.broker, err = openNodes(ctx, o.kafka, o.kafkaDir, w.topic, o.leastNodes())
	} else {
		w.broker, err = startFake(w.topic)
	}
	if err != nil {
		return nil, err
	}
	w.cleanup = append(w.cleanup, w.broker.Close)
	if err := w.furnish(ctx, o.postgres); err != nil {
		return nil, err
	}
	return w, w.open(ctx)
}

// open starts everything and makes the first passengers.
func (w *world) open(ctx context.Context) error {
	if err := w.issuer.start(); err != nil {
		return err
	}
	for _, g := range w.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	if err := awaitFresh(ctx, w.gateways, comeBackBound); err != nil {
		return fmt.Errorf("the gateways do not start: %w\n%s", err, w.gateways[0].tail())
	}
	if err := w.awaitIssuer(ctx, comeBackBound); err != nil {
		return fmt.Errorf("%w\n%s", err, w.issuer.tail())
	}
	for n := range firstHolders {
		h, err := w.newHolder(ctx, n)
		if err != nil {
			return fmt.Errorf("making the first passengers: %w", err)
		}
		w.ledger.add(h)
	}
	w.say.line("%s, %d gateways fresh, %d passengers", w.broker.Name(), len(w.gateways), firstHolders)
	return nil
}

// close ends every process and removes the work folder. It may be called again.
func (w *world) close() {
	w.closed.Do(func() {
		for _, c := range w.children {
			c.kill()
		}
		for _, undo := range slices.Backward(w.cleanup) {
			undo()
		}
		if w.keep {
			w.say.line("the work folder is %s", w.dir)
			return
		}
		os.RemoveAll(w.dir)
	})
}

// newChild describes a binary; log and settings are in the work folder.
func (w *world) newChild(name, binary string) *child {
	c := &child{name: name, path: filepath.Join(w.binaries, binary), log: filepath.Join(w.dir, name+".log"),
		args: []string{"-config", filepath.Join(w.dir, name+".toml")},
		died: func(name, tail string) { w.report.incident("%s ended by itself:\n%s", name, tail) }}
	w.children = append(w.children, c)
	return c
}

func newClient() *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
}
