package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/stack"
)

const gatewayCount = 3

// Each part of the run draws from its own random stream. The plan of faults then does not depend on
// the progress of the others.
const (
	streamPlan  = 0
	streamFault = 1 << 16
	streamStaff = 2 << 16
	streamWatch = 3 << 16
	streamCross = 4 << 16
)

// system is the stack under test and its users.
type system struct {
	// immutable
	seed       uint64
	length     time.Duration // of fault injection; 0: each kind once
	only       string        // part of the names of the faults to inject
	dir        string        // work folder
	log        *console
	report     *report
	ledger     *ledger
	broker     broker
	topic      string
	stack      *stack.Stack
	issuer     *child
	standby    *child // a second issuer on the same database; one fault starts it
	gateways   []*gateway
	spare      *gateway // starts at the end, without a snapshot
	children   []*child // all of them
	client     *http.Client
	passengers *passenger.Client
	passback   *passback // nil: this run measures
	measures   bool      // -latency or -soak
	cleanup    []func()
	postmaster int          // process ID of the PostgreSQL server; 0: none, or on another machine
	others     atomic.Int64 // checks of passengers that are never revoked, see latency

	keep   bool
	closed sync.Once
}

// gateway is a child that answers checks.
type gateway struct {
	*child
	passenger.Gate
	client   *http.Client
	identity stack.Announced
}

// random returns one of the seed's random streams.
func (sys *system) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(sys.seed, stream)) }

func newSystem(ctx context.Context, o options, log *console) (_ *system, err error) {
	sys := &system{seed: o.seed, length: time.Duration(o.minutes * float64(time.Minute)), only: o.only, keep: o.keep, measures: o.rate > 0 || o.soak > 0,
		log: log, report: newReport(log), ledger: &ledger{}, client: newClient(),
		topic: fmt.Sprintf("railgate.control.faults.%d", time.Now().UnixNano())} // a real broker keeps topics
	if sys.dir, err = os.MkdirTemp("", "railgate-faults-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			sys.close()
		}
	}()
	binaries := &process.Binaries{Dir: o.binaries}
	if o.binaries == "" {
		log.printf("building issuer and gateway")
		if binaries, err = process.Build(ctx, "issuer", "gateway"); err != nil {
			return nil, err
		}
		sys.cleanup = append(sys.cleanup, func() { binaries.Close() })
	}
	if o.kafka != "" {
		sys.broker, err = openNodes(ctx, o.kafka, o.kafkaDir, sys.topic, o.leastNodes())
	} else {
		sys.broker, err = startFake(sys.topic)
	}
	if err != nil {
		return nil, err
	}
	sys.cleanup = append(sys.cleanup, sys.broker.Close)
	if err := sys.setup(ctx, binaries, o.postgres); err != nil {
		return nil, err
	}
	return sys, sys.startAll(ctx)
}

// setup creates keys, database and settings.
func (sys *system) setup(ctx context.Context, binaries *process.Binaries, postgres string) error {
	database := filepath.Join(sys.dir, "issuer.db")
	if postgres != "" {
		d, err := stack.NewDatabase(ctx, postgres)
		if err != nil {
			return err
		}
		sys.cleanup = append(sys.cleanup, d.Drop)
		database = d.URL
		if u, err := process.UsageOf(d.Backend); err == nil { // otherwise the server is on another machine
			sys.postmaster = u.Parent
		}
	}
	var err error
	sys.stack, err = stack.Setup(ctx, stack.Config{Dir: sys.dir, Binary: binaries.Path, Brokers: sys.broker.Bootstrap(),
		Topic: sys.topic, Replication: sys.broker.Replication(), Database: database})
	if err != nil {
		return err
	}
	settings, err := issuerSettings(ctx, binaries.Path("issuer"))
	if err != nil {
		return err
	}
	var tables []string
	if !sys.measures { // another version may not know the settings
		sys.passback = newPassback(sys.topic)
		tables = append(tables, sys.passback.announcement())
		maps.Copy(settings, sys.passback.issuerSettings(sys.broker.Replication()))
	}
	issuer, err1 := sys.stack.Issuer("issuer", settings, tables...)
	standby, err2 := sys.stack.Issuer("issuer-2", settings, tables...)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	sys.issuer, sys.standby = sys.newChild(issuer), sys.newChild(standby)
	sys.passengers = passenger.New(issuer.URL, passenger.HTTP(sys.client))
	for i := range gatewayCount + 1 { // the last one starts at the end
		identity, server, err := sys.newGateway(ctx, i+1)
		if err != nil {
			return err
		}
		g := &gateway{child: sys.newChild(server), client: newClient(), identity: identity}
		g.Gate = passenger.Gate{URL: server.URL, Device: sys.stack.Device, Send: passenger.HTTP(g.client)}
		sys.gateways = append(sys.gateways, g)
	}
	sys.spare, sys.gateways = sys.gateways[gatewayCount], sys.gateways[:gatewayCount:gatewayCount]
	return nil
}

// newGateway writes the settings of a gateway and makes its key.
func (sys *system) newGateway(ctx context.Context, id int) (identity stack.Announced, server *stack.Server, err error) {
	name := fmt.Sprintf("gateway-%d", id)
	if sys.passback == nil {
		server, err = sys.stack.Gateway(name, nil)
		return identity, server, err
	}
	if identity, err = sys.stack.NewGatewayKey(ctx, id); err != nil {
		return identity, nil, err
	}
	if server, err = sys.stack.Gateway(name, sys.passback.settings(identity)); err == nil {
		err = server.Add(sys.passback.entry())
	}
	return identity, server, err
}

// issuerSettings returns settings without limits on one network and one staff credential: here all
// passengers call from one address, and all staff use one credential. Settings unknown to this
// version of the issuer are omitted.
func issuerSettings(ctx context.Context, issuer string) (stack.Settings, error) {
	help, err := exec.CommandContext(ctx, issuer, "-h").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("issuer -h: %w", err)
	}
	s := stack.Settings{"drain_delay": "100ms", "address_rate.burst": 0, "throttle.application_burst": 0, "throttle.revocation_burst": 0}
	for name := range s {
		if !bytes.Contains(help, []byte("-"+name+" ")) {
			s[name] = nil
		}
	}
	return s, nil
}

// startAll starts all processes and creates the first passengers.
func (sys *system) startAll(ctx context.Context) error {
	if err := sys.issuer.start(); err != nil {
		return err
	}
	for _, g := range sys.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	if err := awaitFresh(ctx, sys.gateways, recoveryBound); err != nil {
		return fmt.Errorf("the gateways do not become fresh: %w\n%s", err, sys.gateways[0].tail())
	}
	if err := sys.issuer.Ready(ctx, recoveryBound, nil); err != nil {
		return fmt.Errorf("%w\n%s", err, sys.issuer.tail())
	}
	for _, g := range append(slices.Clip(sys.gateways), sys.spare) {
		if sys.passback == nil {
			break
		}
		if err := sys.issuer.Announce(ctx, g.identity); err != nil {
			return fmt.Errorf("%w\n%s", err, sys.issuer.tail())
		}
	}
	for n := range firstHolders {
		h, err := sys.newHolder(ctx, n)
		if err != nil {
			return fmt.Errorf("create the first passengers: %w", err)
		}
		sys.ledger.add(h)
	}
	sys.log.printf("%s, %d gateways fresh, %d passengers", sys.broker.Name(), len(sys.gateways), firstHolders)
	return nil
}

// close ends every process and removes the work folder. It may be called more than once.
func (sys *system) close() {
	sys.closed.Do(func() {
		for _, c := range sys.children {
			c.kill()
		}
		for _, undo := range slices.Backward(sys.cleanup) {
			undo()
		}
		if sys.keep {
			sys.log.printf("the work folder is %s", sys.dir)
			return
		}
		os.RemoveAll(sys.dir)
	})
}

func newClient() *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
}
