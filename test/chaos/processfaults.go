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
	// A lease lasts 3 s: from longestPause to this the paused issuer loses it.
	longestOvertake = 5 * time.Second
	standbyBoot     = 500 * time.Millisecond
)

// processFaults are what can befall the binaries themselves.
func processFaults() []fault {
	gateways, issuer := []string{theGateway}, []string{theIssuer}
	return []fault{
		{"gateway killed", gateways, false, killGateway},
		{"all gateways killed", gateways, false, killGateways},
		{"gateway paused", gateways, false, pauseGateway},
		{"gateway restarted politely", gateways, false, restartGateway},
		{"issuer killed", issuer, false, killIssuer},
		{"issuer killed again and again", issuer, false, killIssuerOften},
		{"issuer paused", issuer, false, pauseIssuer},
		{"issuer restarted politely", issuer, false, restartIssuer},
		{"issuer paused, another takes over", issuer, false, overtakeIssuer},
	}
}

// anyGateway draws one.
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

// killIssuerOften kills it while it looks at the topic, restates or publishes
// its first batches.
func killIssuerOften(ctx context.Context, sys *system, r *rand.Rand) error {
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

// overtakeIssuer pauses the issuer for longer than its lease while another one
// on the same database waits for it. The first then goes on in the belief that
// it still publishes.
func overtakeIssuer(ctx context.Context, sys *system, r *rand.Rand) error {
	if err := sys.standby.start(); err != nil {
		return err
	}
	defer sys.standby.kill()
	sleep(ctx, standbyBoot)
	sys.issuer.signal(syscall.SIGSTOP)
	sleep(ctx, between(r, longestPause, longestOvertake))
	sys.issuer.signal(syscall.SIGCONT)
	sleep(ctx, sys.lasting(r))
	return nil
}

// pause stops a process in its tracks and lets it go on as if nothing had been.
func pause(ctx context.Context, c *child, r *rand.Rand) {
	c.signal(syscall.SIGSTOP)
	defer c.signal(syscall.SIGCONT)
	sleep(ctx, between(r, 500*time.Millisecond, longestPause))
}

const (
	fewDescriptors = 256
	silentClients  = 300
)

// descriptorFaults are of a process that has no descriptor to spare.
func descriptorFaults() []fault {
	return []fault{{"descriptor exhaustion", []string{theGateway}, false, exhaustDescriptors}}
}

// exhaustDescriptors lowers the limit of a running gateway and opens more
// connections than it allows, on which nothing is sent. The gateway must answer
// again when they are gone, still under that limit, and must stop in order.
func exhaustDescriptors(ctx context.Context, sys *system, r *rand.Rand) error {
	g := sys.anyGateway(r)
	pid := g.pid()
	if pid == nil {
		return errors.New("the gateway does not run")
	}
	if err := process.LimitDescriptors(pid[0], fewDescriptors); err != nil {
		return err
	}
	func() {
		for range silentClients {
			conn, err := net.DialTimeout("tcp", strings.TrimPrefix(g.Gate.URL, "http://"), requestTimeout)
			if err != nil {
				return // no room in the queue of the kernel: as many as it takes
			}
			defer conn.Close()
		}
		sleep(ctx, sys.lasting(r))
	}()
	answers := await(ctx, comeBackBound, pollEvery, func() bool {
		state, _ := g.health(ctx)
		return state != ""
	})
	if !answers && ctx.Err() == nil {
		sys.report.incident("%s does not answer %v after the silent connections ended", g.Name, comeBackBound)
	}
	if !g.stop() {
		sys.report.incident("%s did not end within %v after SIGTERM", g.Name, stopPatience)
	}
	return g.start() // with the limit that others have
}
