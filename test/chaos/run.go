package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// run is one whole test: work and watch, faults meanwhile, and the reckoning.
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
	err := sys.comeBack(ctx)
	stopWork()
	work.Wait()
	if err == nil {
		err = sys.settle(ctx)
	}
	stopWatch()
	watch.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		sys.report.incident("the house did not come back: %v", err)
	} else if err := sys.reckon(ctx); err != nil {
		sys.report.incident("the check at the end was not possible: %v", err)
	}
	sys.report.ledger = sys.ledger.count()
	return ctx.Err()
}

// comeBack starts what is dead and waits until every gateway is fresh.
func (sys *system) comeBack(ctx context.Context) error {
	sys.say.line("all faults are over")
	if err := sys.issuer.start(); err != nil {
		return err
	}
	for _, g := range sys.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	began := time.Now()
	err := awaitFresh(ctx, sys.gateways, comeBackBound)
	if err == nil {
		sys.say.line("every gateway is fresh after %.1fs", time.Since(began).Seconds())
	}
	return err
}

// reckon starts a gateway that has to learn everything from the topic, and asks
// every gateway for every holder.
func (sys *system) reckon(ctx context.Context) error {
	if err := sys.spare.start(); err != nil {
		return err
	}
	all := append(sys.gateways, sys.spare)
	if err := awaitFresh(ctx, all, comeBackBound); err != nil {
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
			if !e.holder.good(now) {
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
				sys.report.find(finding{What: wrong, Gateway: g.Name, Serial: e.holder.Of.Serial.String(), Standing: e.standing, Body: body, Faults: "none"})
			}
		}
		sys.say.line("%s was asked for all %d holders, %d of them revoked or left", g.Name, len(holders), revoked)
	}
	return nil
}

// awaitWatermark waits until a gateway has passed a moment, Unix ms.
func (sys *system) awaitWatermark(ctx context.Context, g *gateway, moment int64) error {
	state := ""
	passed := await(ctx, comeBackBound, pollEvery, func() bool {
		var age time.Duration
		state, age = g.health(ctx)
		return state == "fresh" && time.Now().Add(-age).UnixMilli() > moment+pollEvery.Milliseconds()
	})
	if !passed && ctx.Err() == nil {
		return fmt.Errorf("%s is %q and its watermark has not passed the last change after %v", g.Name, state, comeBackBound)
	}
	return ctx.Err()
}
