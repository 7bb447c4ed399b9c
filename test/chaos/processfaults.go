package main

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"
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
func (w *world) anyGateway(r *rand.Rand) *gateway { return w.gateways[r.IntN(len(w.gateways))] }

func killGateway(ctx context.Context, w *world, r *rand.Rand) error {
	g := w.anyGateway(r)
	g.kill()
	sleep(ctx, between(r, 0, longestDeath))
	return g.start()
}

func killGateways(ctx context.Context, w *world, r *rand.Rand) error {
	for _, g := range w.gateways {
		g.kill()
	}
	sleep(ctx, between(r, 0, longestDeath))
	for _, g := range w.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	return nil
}

func pauseGateway(ctx context.Context, w *world, r *rand.Rand) error {
	pause(ctx, w.anyGateway(r).child, r)
	return nil
}

func restartGateway(_ context.Context, w *world, r *rand.Rand) error {
	g := w.anyGateway(r)
	if !g.stop() {
		w.report.incident("%s did not end within %v after SIGTERM", g.name, stopPatience)
	}
	return g.start()
}

func killIssuer(ctx context.Context, w *world, r *rand.Rand) error {
	w.issuer.kill()
	sleep(ctx, between(r, 0, longestDeath))
	return w.issuer.start()
}

// killIssuerOften kills it while it looks at the topic, restates or publishes
// its first batches.
func killIssuerOften(ctx context.Context, w *world, r *rand.Rand) error {
	for range 2 + r.IntN(3) {
		w.issuer.kill()
		if err := w.issuer.start(); err != nil {
			return err
		}
		sleep(ctx, between(r, 20*time.Millisecond, 600*time.Millisecond))
	}
	return nil
}

func pauseIssuer(ctx context.Context, w *world, r *rand.Rand) error {
	pause(ctx, w.issuer, r)
	return nil
}

func restartIssuer(_ context.Context, w *world, _ *rand.Rand) error {
	if !w.issuer.stop() {
		w.report.incident("the issuer did not end within %v after SIGTERM", stopPatience)
	}
	return w.issuer.start()
}

// overtakeIssuer pauses the issuer for longer than its lease while another one
// on the same database waits for it. The first then goes on in the belief that
// it still publishes.
func overtakeIssuer(ctx context.Context, w *world, r *rand.Rand) error {
	if err := w.standby.start(); err != nil {
		return err
	}
	defer w.standby.kill()
	sleep(ctx, standbyBoot)
	w.issuer.signal(syscall.SIGSTOP)
	sleep(ctx, between(r, longestPause, longestOvertake))
	w.issuer.signal(syscall.SIGCONT)
	sleep(ctx, w.lasting(r))
	return nil
}

// pause stops a process in its tracks and lets it go on as if nothing had been.
func pause(ctx context.Context, c *child, r *rand.Rand) {
	c.signal(syscall.SIGSTOP)
	defer c.signal(syscall.SIGCONT)
	sleep(ctx, between(r, 500*time.Millisecond, longestPause))
}
