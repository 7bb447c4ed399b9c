package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	product "github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/test/harness/passenger"
)

const (
	aDay        = 24 * time.Hour
	shortestLag = 7 * time.Second // above the tolerated clock difference
	longestLag  = 30 * time.Second
	// clockShows is how long a clock stays wrong: several heartbeats.
	clockShows = 3 * time.Second
	// changesAwaited is the number of revocations acknowledged while a clock is wrong.
	changesAwaited = 3
)

// clockFaults are faults of a gateway's clock, injected into a gateway of their own.
func clockFaults() []fault {
	alone := []string{theBroker, theTopic, theIssuer}
	return []fault{
		{"clock behind at start", alone, false, clockBehind},
		{"clock jumps ahead", alone, false, jumpClock(1)},
		{"clock jumps back", alone, false, jumpClock(-1)},
	}
}

// clockBehind starts a gateway with its clock behind. The gateway must know the revocations, report
// why it is not ready, and become fresh only after its clock is corrected.
func clockBehind(ctx context.Context, sys *system, r *rand.Rand) error {
	lag := between(r, shortestLag, longestLag)
	s, err := sys.startShifted(-lag)
	if err != nil {
		return err
	}
	defer s.stop()
	if r, ok := s.await(ctx, func(r product.Readiness) bool { return strings.Contains(strings.Join(r.Waiting, " "), "clock is ") }); !ok {
		sys.log.printf("  readiness of a gateway with its clock %v behind: %+v", lag, r)
		return sys.clockIncident(ctx, "a gateway whose clock is behind does not report it")
	}
	for end := time.Now().Add(clockShows); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, watchPause) {
		if state := s.g.Readiness().State; state == "fresh" {
			return sys.clockIncident(ctx, "a gateway whose clock is behind is fresh")
		}
		sys.checkShifted(ctx, s, r, s.now())
	}
	return sys.correctClock(ctx, s)
}

// jumpClock moves the clock of a running gateway by days and back. As soon as the gateway is fresh
// again, it must know revocations from before and during the jump.
func jumpClock(direction time.Duration) func(context.Context, *system, *rand.Rand) error {
	return func(ctx context.Context, sys *system, r *rand.Rand) error {
		s, err := sys.startShifted(0)
		if err != nil {
			return err
		}
		defer s.stop()
		if !sys.becomesFresh(ctx, s) {
			return sys.clockIncident(ctx, "a new gateway does not become fresh")
		}
		s.shift.Store(int64(direction * between(r, 9*aDay, 400*aDay)))
		revoked := sys.ledger.count().Revoked
		for end := time.Now().Add(clockShows); ctx.Err() == nil && (time.Now().Before(end) || sys.ledger.count().Revoked < revoked+changesAwaited); sleep(ctx, watchPause) {
			if time.Now().After(end.Add(recoveryBound)) {
				return errors.New("nothing was revoked while the clock was wrong")
			}
			if state := s.g.Readiness().State; state == "fresh" && time.Now().After(end) {
				return sys.clockIncident(ctx, "a gateway whose clock jumped by days is fresh")
			}
			sys.checkShifted(ctx, s, r, time.Now())
		}
		s.replica.Forget(s.now().UnixMilli()) // the cleanup that runs every minute
		return sys.correctClock(ctx, s)
	}
}

// correctClock corrects the gateway's clock. When the gateway is fresh and its watermark is past
// all acknowledgements, it checks every holder.
func (sys *system) correctClock(ctx context.Context, s *shifted) error {
	s.shift.Store(0)
	right, last := time.Now(), sys.ledger.count().LastMS
	if !sys.becomesFresh(ctx, s) {
		return sys.clockIncident(ctx, "a gateway whose clock was corrected does not become fresh")
	}
	if _, ok := s.await(ctx, func(product.Readiness) bool {
		return s.replica.Freshness(s.now().UnixMilli()).WatermarkMS > max(last, right.UnixMilli())
	}); !ok {
		return sys.clockIncident(ctx, "the watermark of a gateway whose clock was corrected does not move")
	}
	for _, e := range sys.ledger.all() {
		if e.holder.usable(time.Now()) && ctx.Err() == nil {
			sys.judgeShifted(ctx, s, e, sys.ledger.statusOf(e), time.Now())
		}
	}
	return nil
}

func (sys *system) becomesFresh(ctx context.Context, s *shifted) bool {
	r, ok := s.await(ctx, func(r product.Readiness) bool { return r.State == "fresh" })
	if !ok {
		sys.log.printf("  readiness of the gateway with its own clock: %+v", r)
	}
	return ok
}

// clockIncident reports an incident unless the run is ending.
func (sys *system) clockIncident(ctx context.Context, text string) error {
	if ctx.Err() == nil {
		sys.report.incident("%s", text)
	}
	return ctx.Err()
}

// checkShifted checks a random holder's code as it was shown at a time.
func (sys *system) checkShifted(ctx context.Context, s *shifted, r *rand.Rand, shown time.Time) {
	if e, before, ok := sys.ledger.pick(r, time.Now()); ok {
		sys.judgeShifted(ctx, s, e, before, shown)
	}
}

func (sys *system) judgeShifted(ctx context.Context, s *shifted, e *entry, before status, shown time.Time) {
	v, body, err := verdictOf(ctx, &s.gate, "the gateway with its own clock", e.holder, shown)
	if err != nil {
		if ctx.Err() == nil {
			sys.report.count("no answer")
		}
		return
	}
	sys.judgeVerdict("a gateway with its own clock", e, before, v, body)
}

// shifted is a gateway in this process, made of the same parts as the command, whose clock the test
// sets. Linux cannot give a process its own clock.
type shifted struct {
	shift   atomic.Int64 // of its clock against this machine's, ns
	replica *revocation.Replica
	g       *product.Gateway
	gate    passenger.Gate
	stop    func()
}

// startShifted starts a gateway without data on the control topic.
func (sys *system) startShifted(shift time.Duration) (*shifted, error) {
	s := &shifted{}
	s.shift.Store(int64(shift))
	authority, err := revocation.ParseAuthority(sys.stack.Authority)
	if err != nil {
		return nil, err
	}
	if s.replica, err = revocation.NewReplica(authority, partitions, revocation.Limits{}, s.now().UnixMilli()); err != nil {
		return nil, err
	}
	open := func() (stream.Link, error) {
		return kafka.Open(kafka.Config{Brokers: sys.broker.Bootstrap(), Topic: sys.topic, ClientID: "railgate-gateway"})
	}
	follower := stream.New(open, sys.topic, s.replica, s.now, zap.NewNop())
	devices, err := product.NewDevices([]product.DeviceEntry{{ID: "shifted", Hash: product.HashCredential(sys.stack.Device), Scopes: []string{"entry"}}})
	if err != nil {
		return nil, err
	}
	s.g, err = product.New(product.Config{Devices: devices, CacheBytes: passcache.MinBytes, DrainTimeout: time.Second,
		Now: func(arrived time.Time) time.Time { return arrived.Add(time.Duration(s.shift.Load())) }, Trouble: follower.Trouble}, s.replica, zap.NewNop())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client := newClient()
	s.gate = passenger.Gate{URL: "http://" + listener.Addr().String(), Device: sys.stack.Device, Send: passenger.HTTP(client)}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { follower.Run(ctx) })
	parts.Go(func() { s.g.Serve(ctx, listener) })
	s.stop = func() { cancel(); parts.Wait(); client.CloseIdleConnections() }
	return s, nil
}

// now returns the time of the gateway's clock.
func (s *shifted) now() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }

// await waits until wanted accepts the gateway's readiness, at most for recoveryBound.
func (s *shifted) await(ctx context.Context, wanted func(product.Readiness) bool) (r product.Readiness, ok bool) {
	ok = await(ctx, recoveryBound, pollEvery, func() bool {
		r = s.g.Readiness()
		return wanted(r)
	})
	return r, ok
}
