package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// run is one whole test: work and watch, faults meanwhile, and the reckoning.
func (w *world) run(ctx context.Context) error {
	w.damage()
	working, stopWork := context.WithCancel(ctx)
	watching, stopWatch := context.WithCancel(ctx)
	defer stopWork()
	defer stopWatch()
	var work, watch sync.WaitGroup
	work.Go(func() { w.work(working) })
	watch.Go(func() { w.watch(watching) })

	w.inject(ctx)
	err := w.comeBack(ctx)
	stopWork()
	work.Wait()
	if err == nil {
		err = w.settle(ctx)
	}
	stopWatch()
	watch.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.report.incident("the house did not come back: %v", err)
	} else if err := w.reckon(ctx); err != nil {
		w.report.incident("the check at the end was not possible: %v", err)
	}
	w.report.ledger = w.ledger.count()
	return ctx.Err()
}

// comeBack starts what is dead and waits until every gateway is fresh.
func (w *world) comeBack(ctx context.Context) error {
	w.say.line("all faults are over")
	if err := w.issuer.start(); err != nil {
		return err
	}
	for _, g := range w.gateways {
		if err := g.start(); err != nil {
			return err
		}
	}
	began := time.Now()
	err := awaitFresh(ctx, w.gateways, comeBackBound)
	if err == nil {
		w.say.line("every gateway is fresh after %.1fs", time.Since(began).Seconds())
	}
	return err
}

// reckon starts a gateway that has to learn everything from the topic, and asks
// every gateway for every holder.
func (w *world) reckon(ctx context.Context) error {
	if err := w.spare.start(); err != nil {
		return err
	}
	all := append(w.gateways, w.spare)
	if err := awaitFresh(ctx, all, comeBackBound); err != nil {
		return err
	}
	holders, last := w.ledger.all(), w.ledger.count().LastMS
	for _, g := range all {
		if err := w.awaitWatermark(ctx, g, last); err != nil {
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
			v, body, err := w.check(ctx, g, e.holder)
			if err != nil {
				return err
			}
			if v.Reason != want {
				w.report.find(finding{What: wrong, Gateway: g.name, Serial: e.holder.serial, Standing: e.standing, Body: body, Faults: "none"})
			}
		}
		w.say.line("%s was asked for all %d holders, %d of them revoked or left", g.name, len(holders), revoked)
	}
	return nil
}

// awaitWatermark waits until a gateway has passed a moment, Unix ms.
func (w *world) awaitWatermark(ctx context.Context, g *gateway, moment int64) error {
	for deadline := time.Now().Add(comeBackBound); ; {
		state, age := g.health(ctx)
		if state == "fresh" && time.Now().Add(-age).UnixMilli() > moment+pollEvery.Milliseconds() {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%s is %q and its watermark has not passed the last change after %v", g.name, state, comeBackBound)
		}
		if !sleep(ctx, pollEvery) {
			return ctx.Err()
		}
	}
}
