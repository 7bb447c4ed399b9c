package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// run is the complete test: requests and checks, faults meanwhile, and the final verification.
func (sys *system) run(ctx context.Context) error {
	sys.damage()
	working, stopWork := context.WithCancel(ctx)
	watching, stopWatch := context.WithCancel(ctx)
	defer stopWork()
	defer stopWatch()
	var work, watch sync.WaitGroup
	work.Go(func() { sys.work(working) })
	watch.Go(func() { sys.watch(watching) })

	sys.inject(ctx)
	err := sys.recoverAll(ctx)
	stopWork()
	work.Wait()
	if err == nil {
		err = sys.resolveUnknown(ctx)
	}
	stopWatch()
	watch.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		sys.report.incident("the system did not recover: %v", err)
	} else if err := sys.verifyAll(ctx); err != nil {
		sys.report.incident("the final verification failed to run: %v", err)
	} else if err := sys.runPassback(ctx); err != nil {
		sys.report.incident("second use of codes: %v", err)
	}
	sys.report.ledger = sys.ledger.count()
	return ctx.Err()
}

// recoverAll starts every process that is down and waits until every gateway is fresh.
func (sys *system) recoverAll(ctx context.Context) error {
	sys.log.printf("all faults are over")
	if err := sys.issuer.start(); err != nil {
		return err
	}
	for _, g := range sys.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	began := time.Now()
	err := awaitFresh(ctx, sys.gateways, recoveryBound)
	if err == nil {
		sys.log.printf("every gateway is fresh after %.1fs", time.Since(began).Seconds())
	}
	return err
}

// verifyAll starts a gateway that must learn everything from the topic, and checks every holder at
// every gateway.
func (sys *system) verifyAll(ctx context.Context) error {
	if err := sys.spare.start(); err != nil {
		return err
	}
	all := append(sys.gateways, sys.spare)
	if err := awaitFresh(ctx, all, recoveryBound); err != nil {
		return err
	}
	holders, last := sys.ledger.all(), sys.ledger.count().LastMS
	for _, g := range all {
		if err := sys.awaitWatermark(ctx, g, last); err != nil {
			return err
		}
		revoked := 0
		for _, e := range holders {
			now := time.Now()
			if !e.holder.usable(now) {
				continue
			}
			want, wrong := "ok", wrongRefusal
			if e.Revoked {
				want, wrong = e.holder.refusal(), lost
				revoked++
			}
			v, body, err := sys.check(ctx, g, e.holder)
			if err != nil {
				return err
			}
			if v.Reason != want {
				sys.report.addFinding(finding{What: wrong, Gateway: g.Name, Serial: e.holder.Of.Serial.String(), Status: e.status, Body: body, Faults: "none"})
			}
		}
		sys.log.printf("%s was checked for all %d holders, %d of them revoked or left", g.Name, len(holders), revoked)
	}
	return nil
}

// awaitWatermark waits until a gateway's watermark has passed a time, Unix ms.
func (sys *system) awaitWatermark(ctx context.Context, g *gateway, moment int64) error {
	state := ""
	passed := await(ctx, recoveryBound, pollEvery, func() bool {
		var age time.Duration
		state, age = g.health(ctx)
		return state == "fresh" && time.Now().Add(-age).UnixMilli() > moment+pollEvery.Milliseconds()
	})
	if !passed && ctx.Err() == nil {
		return fmt.Errorf("%s is %q and its watermark has not passed the last change after %v", g.Name, state, recoveryBound)
	}
	return ctx.Err()
}
