package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/harness/process"
)

const (
	longestDeath = time.Second
	longestPause = 3 * time.Second
	// A lease lasts 3 s: during a pause from longestPause to this the issuer loses it.
	longestOvertake = 5 * time.Second
	standbyBoot     = 500 * time.Millisecond
)

// processFaults are the faults of the binaries themselves.
func processFaults() []fault {
	gateways, issuer := []string{theGateway}, []string{theIssuer}
	return []fault{
		{"gateway killed", gateways, false, killGateway},
		{"all gateways killed", gateways, false, killGateways},
		{"gateway paused", gateways, false, pauseGateway},
		{"gateway restarted in order", gateways, false, restartGateway},
		{"issuer killed", issuer, false, killIssuer},
		{"issuer killed repeatedly", issuer, false, killIssuerRepeatedly},
		{"issuer paused", issuer, false, pauseIssuer},
		{"issuer restarted in order", issuer, false, restartIssuer},
		{"issuer paused, another takes over", issuer, false, overtakeIssuer},
	}
}

// anyGateway draws a gateway.
func (sys *system) anyGateway(r *rand.Rand) *gateway { return sys.gateways[r.IntN(len(sys.gateways))] }

func killGateway(ctx context.Context, sys *system, r *rand.Rand) error {
	g := sys.anyGateway(r)
	g.kill()
	sleep(ctx, between(r, 0, longestDeath))
	return g.start()
}

func killGateways(ctx context.Context, sys *system, r *rand.Rand) error {
	for _, g := range sys.gateways {
		g.kill()
	}
	sleep(ctx, between(r, 0, longestDeath))
	for _, g := range sys.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	return nil
}

func pauseGateway(ctx context.Context, sys *system, r *rand.Rand) error {
	pause(ctx, sys.anyGateway(r).child, r)
	return nil
}

func restartGateway(_ context.Context, sys *system, r *rand.Rand) error {
	g := sys.anyGateway(r)
	if !g.stop() {
		sys.report.incident("%s did not end within %v after SIGTERM", g.Name, stopPatience)
	}
	return g.start()
}

func killIssuer(ctx context.Context, sys *system, r *rand.Rand) error {
	sys.issuer.kill()
	sleep(ctx, between(r, 0, longestDeath))
	return sys.issuer.start()
}

// killIssuerRepeatedly kills the issuer while it reads the topic, republishes or publishes its
// first batches.
func killIssuerRepeatedly(ctx context.Context, sys *system, r *rand.Rand) error {
	for range 2 + r.IntN(3) {
		sys.issuer.kill()
		if err := sys.issuer.start(); err != nil {
			return err
		}
		sleep(ctx, between(r, 20*time.Millisecond, 600*time.Millisecond))
	}
	return nil
}

func pauseIssuer(ctx context.Context, sys *system, r *rand.Rand) error {
	pause(ctx, sys.issuer, r)
	return nil
}

func restartIssuer(_ context.Context, sys *system, _ *rand.Rand) error {
	if !sys.issuer.stop() {
		sys.report.incident("the issuer did not end within %v after SIGTERM", stopPatience)
	}
	return sys.issuer.start()
}

// overtakeIssuer pauses the issuer for longer than its lease while another one on the same database
// waits for the lease. The first issuer then continues as if it still were the publisher.
func overtakeIssuer(ctx context.Context, sys *system, r *rand.Rand) error {
	if err := sys.standby.start(); err != nil {
		return err
	}
	defer sys.standby.kill()
	sleep(ctx, standbyBoot)
	sys.issuer.signal(syscall.SIGSTOP)
	sleep(ctx, between(r, longestPause, longestOvertake))
	sys.issuer.signal(syscall.SIGCONT)
	sleep(ctx, sys.duration(r))
	return nil
}

// pause stops a process and continues it later.
func pause(ctx context.Context, c *child, r *rand.Rand) {
	c.signal(syscall.SIGSTOP)
	defer c.signal(syscall.SIGCONT)
	sleep(ctx, between(r, 500*time.Millisecond, longestPause))
}

const (
	fewDescriptors = 256
	silentClients  = 300
)

// descriptorFaults are faults of a process without free descriptors.
func descriptorFaults() []fault {
	return []fault{{"descriptor exhaustion", []string{theGateway}, false, exhaustDescriptors}}
}

// exhaustDescriptors lowers the limit of a running gateway and opens more connections than it
// allows, without sending data. After they close, the gateway must answer again under that limit
// and must stop in order.
func exhaustDescriptors(ctx context.Context, sys *system, r *rand.Rand) error {
	g := sys.anyGateway(r)
	pid := g.pid()
	if pid == nil {
		return errors.New("the gateway is not running")
	}
	if err := process.LimitDescriptors(pid[0], fewDescriptors); err != nil {
		return err
	}
	func() {
		for range silentClients {
			conn, err := net.DialTimeout("tcp", strings.TrimPrefix(g.Gate.URL, "http://"), requestTimeout)
			if err != nil {
				return // the kernel's queue is full
			}
			defer conn.Close()
		}
		sleep(ctx, sys.duration(r))
	}()
	answers := await(ctx, recoveryBound, pollEvery, func() bool {
		state, _ := g.health(ctx)
		return state != ""
	})
	if !answers && ctx.Err() == nil {
		sys.report.incident("%s does not answer %v after the silent connections ended", g.Name, recoveryBound)
	}
	if !g.stop() {
		sys.report.incident("%s did not end within %v after SIGTERM", g.Name, stopPatience)
	}
	return g.start() // with the normal limit
}
