package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	product "github.com/railgate/railgate/gateway"
)

const (
	aDay        = 24 * time.Hour
	shortestLag = 7 * time.Second // above what clocks may differ by
	longestLag  = 30 * time.Second
	// clockShows is how long a wrong clock is left wrong: several heartbeats.
	clockShows = 3 * time.Second
	// changesAwaited is how many revocations are acknowledged while a clock is wrong.
	changesAwaited = 3
)

// clockFaults are of a gateway's clock. They play on a gateway of their own.
func clockFaults() []fault {
	alone := []string{theBroker, theTopic, theIssuer}
	return []fault{
		{"slow start clock", alone, false, slowStart},
		{"clock leap ahead", alone, false, leapClock(1)},
		{"clock leap back", alone, false, leapClock(-1)},
	}
}

// slowStart starts a gateway with its clock behind. It must know what is revoked, say
// why it is not ready, never be fresh, and be fresh when its clock has been set.
func slowStart(ctx context.Context, w *world, r *rand.Rand) error {
	lag := between(r, shortestLag, longestLag)
	s, err := w.startShifted(-lag)
	if err != nil {
		return err
	}
	defer s.stop()
	if r, ok := s.await(ctx, func(r product.Readiness) bool { return strings.Contains(strings.Join(r.Waiting, " "), "clock is ") }); !ok {
		w.say.line("  a gateway with its clock %v behind says %+v", lag, r)
		return w.clockFinding(ctx, "a gateway whose clock is behind does not say so")
	}
	for end := time.Now().Add(clockShows); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, watchPause) {
		if state := s.g.Readiness().State; state == "fresh" {
			return w.clockFinding(ctx, "a gateway whose clock is behind is fresh")
		}
		w.askShifted(ctx, s, r, s.now())
	}
	return w.setRight(ctx, s)
}

// leapClock has the clock of a running gateway leap by days and come back. What is
// revoked meanwhile, and what was before, must be known as soon as it is fresh again.
func leapClock(direction time.Duration) func(context.Context, *world, *rand.Rand) error {
	return func(ctx context.Context, w *world, r *rand.Rand) error {
		s, err := w.startShifted(0)
		if err != nil {
			return err
		}
		defer s.stop()
		if !w.becomesFresh(ctx, s) {
			return w.clockFinding(ctx, "a new gateway does not become fresh")
		}
		s.shift.Store(int64(direction * between(r, 9*aDay, 400*aDay)))
		revoked := w.ledger.count().Revoked
		for end := time.Now().Add(clockShows); ctx.Err() == nil && (time.Now().Before(end) || w.ledger.count().Revoked < revoked+changesAwaited); sleep(ctx, watchPause) {
			if time.Now().After(end.Add(comeBackBound)) {
				return errors.New("nothing was revoked while the clock was wrong")
			}
			if state := s.g.Readiness().State; state == "fresh" && time.Now().After(end) {
				return w.clockFinding(ctx, "a gateway whose clock leapt by days is fresh")
			}
			w.askShifted(ctx, s, r, time.Now())
		}
		s.replica.Forget(s.now().UnixMilli()) // the cleaning of each minute
		return w.setRight(ctx, s)
	}
}

// setRight sets the gateway's clock, and asks it for every holder once it is fresh and
// its watermark is past all that was acknowledged.
func (w *world) setRight(ctx context.Context, s *shifted) error {
	s.shift.Store(0)
	right, last := time.Now(), w.ledger.count().LastMS
	if !w.becomesFresh(ctx, s) {
		return w.clockFinding(ctx, "a gateway whose clock was set right does not become fresh")
	}
	if _, ok := s.await(ctx, func(product.Readiness) bool {
		return s.replica.Freshness(s.now().UnixMilli()).WatermarkMS > max(last, right.UnixMilli())
	}); !ok {
		return w.clockFinding(ctx, "the watermark of a gateway whose clock was set right does not move")
	}
	for _, e := range w.ledger.all() {
		if e.holder.good(time.Now()) && ctx.Err() == nil {
			w.judgeShifted(ctx, s, e, w.ledger.look(e), time.Now())
		}
	}
	return nil
}

func (w *world) becomesFresh(ctx context.Context, s *shifted) bool {
	r, ok := s.await(ctx, func(r product.Readiness) bool { return r.State == "fresh" })
	if !ok {
		w.say.line("  the gateway with its own clock says %+v", r)
	}
	return ok
}

// clockFinding is an incident, unless the run ends just now.
func (w *world) clockFinding(ctx context.Context, text string) error {
	if ctx.Err() == nil {
		w.report.incident("%s", text)
	}
	return ctx.Err()
}

// askShifted asks for a random holder's code as it was shown at a moment.
func (w *world) askShifted(ctx context.Context, s *shifted, r *rand.Rand, shown time.Time) {
	if e, before, ok := w.ledger.pick(r, time.Now()); ok {
		w.judgeShifted(ctx, s, e, before, shown)
	}
}

func (w *world) judgeShifted(ctx context.Context, s *shifted, e *entry, before standing, shown time.Time) {
	v, body, err := s.check(ctx, w, e.holder, shown)
	if err != nil {
		if ctx.Err() == nil {
			w.report.count("no answer")
		}
		return
	}
	w.hold("a gateway with its own clock", e, before, v, body)
}
