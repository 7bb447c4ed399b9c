package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	latencyFor    = 10 * time.Second
	warmUpFor     = 20 * time.Second     // a JVM's first seconds are its slowest
	warmUpRate    = 500                  // per second
	makers        = 16                   // passengers that are made at a time
	askEvery      = 3 * time.Millisecond // more often, and the questions themselves would take the processors
	refusedWithin = 5 * time.Second
	otherChecks   = 1000 // per second, of other passengers, while it is measured
)

// latency measures, without a fault, how long a revocation takes from the moment
// its acknowledgement arrived to the first refusal at one gateway, at so many
// revocations a second, open loop, while other passengers are checked.
func (w *world) latency(ctx context.Context, rate int) error {
	w.client.Transport = &http.Transport{MaxIdleConnsPerHost: 128}
	for _, g := range w.gateways[1:] { // on one machine they would only take each other's processor time
		g.stop()
	}
	w.gateways = w.gateways[:1]
	for _, g := range w.gateways {
		g.client.Transport = &http.Transport{MaxIdleConnsPerHost: 128}
	}
	warm, count := int(warmUpFor.Seconds())*warmUpRate, int(latencyFor.Seconds())*rate
	w.say.line("making %d passengers", warm+count)
	holders, err := w.makeHolders(ctx, warm+count)
	if err != nil {
		return err
	}
	w.say.line("warming up for %v at %d revocations/s", warmUpFor, warmUpRate)
	if _, err := w.revokeAll(ctx, holders[:warm], warmUpRate); err != nil {
		return err
	}
	w.say.line("measuring for %v at %d revocations/s, with %d other checks/s", latencyFor, rate, otherChecks)
	busy, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() { w.checkOthers(busy) })
	m, err := w.revokeAll(ctx, holders[warm:], rate)
	stop()
	others.Wait()
	if err != nil {
		return err
	}
	w.say.line("request to acknowledgement: %s", quantiles(m.acknowledged))
	w.say.line("request to refused:         %s", quantiles(m.requested))
	w.say.line("acknowledged to refused:    %s", quantiles(m.refused))
	fmt.Printf("faults: %s, %d revocations at %d/s, %d checks of others: acknowledged to refused %s\n",
		w.broker.Name(), count, rate, m.others, quantiles(m.refused))
	return nil
}

func (w *world) makeHolders(ctx context.Context, n int) ([]*holder, error) {
	holders := make([]*holder, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range makers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				h, err := w.newHolder(ctx, firstHolders+i)
				if err != nil {
					failed.Store(&err)
				}
				holders[i] = h
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, fmt.Errorf("making passengers: %w", *err)
	}
	return holders, nil
}

// measured is what revokeAll saw.
type measured struct {
	mu                               sync.Mutex
	acknowledged, requested, refused []time.Duration
	others                           int64
}

// revokeAll revokes each holder when it is due and asks a gateway, one after the
// other in turns, until it refuses.
func (w *world) revokeAll(ctx context.Context, holders []*holder, rate int) (*measured, error) {
	m := &measured{}
	asked := w.others.Load()
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for i, h := range holders {
		if failed.Load() != nil || !sleep(ctx, time.Until(began.Add(time.Duration(i)*time.Second/time.Duration(rate)))) {
			break
		}
		wg.Go(func() {
			if err := w.revokeOne(ctx, m, h, w.gateways[i%len(w.gateways)]); err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	m.others = w.others.Load() - asked
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return m, ctx.Err()
}

func (w *world) revokeOne(ctx context.Context, m *measured, h *holder, g *gateway) error {
	sent := time.Now()
	status, _, err := post(ctx, w.client, w.issuerURL+"/v1/credentials/"+h.serial+"/revoke", w.staff, "application/json", `{"reason":"staff"}`)
	acknowledged := time.Now()
	if err != nil || status != http.StatusAccepted {
		return fmt.Errorf("a revocation was answered with %d, %v", status, err)
	}
	for time.Since(acknowledged) < refusedWithin {
		v, _, err := w.check(ctx, g, h)
		if err != nil {
			return err
		}
		if v.Reason == "revoked" {
			now := time.Now()
			m.mu.Lock()
			defer m.mu.Unlock()
			m.acknowledged = append(m.acknowledged, acknowledged.Sub(sent))
			m.requested = append(m.requested, now.Sub(sent))
			m.refused = append(m.refused, now.Sub(acknowledged))
			return nil
		}
		sleep(ctx, askEvery)
	}
	return fmt.Errorf("%s is not refused at %s after %v", h.serial, g.name, refusedWithin)
}

// checkOthers asks for the first passengers all the time.
func (w *world) checkOthers(ctx context.Context) {
	all := w.ledger.all()
	var wg sync.WaitGroup
	began := time.Now()
	for i := 0; sleep(ctx, time.Until(began.Add(time.Duration(i)*time.Second/otherChecks))); i++ {
		h, g := all[i%len(all)].holder, w.gateways[i%len(w.gateways)]
		wg.Go(func() {
			if v, _, err := w.check(ctx, g, h); err == nil && v.Verdict == "allow" {
				w.others.Add(1)
			}
		})
	}
	wg.Wait()
}

func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "nothing measured"
	}
	slices.Sort(d)
	at := func(q float64) time.Duration {
		return d[min(len(d)-1, int(q*float64(len(d))))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, p99.9 %v, max %v", at(0.5), at(0.9), at(0.99), at(0.999), at(1))
}
