package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/test/harness/process"
)

// bench is one run of the program.
type bench struct {
	*options
	ctx      context.Context
	binaries *process.Binaries
	cores    int
	stderr   io.Writer
	samples  *samples
}

func (b *bench) log(format string, args ...any) {
	fmt.Fprintf(b.stderr, "issuance: "+format+"\n", args...)
}

func (b *bench) wants(group string) bool { return slices.Contains(b.only, group) }

func (b *bench) measure() error {
	if slices.ContainsFunc(groups(), b.wants) {
		if err := b.measureWorkloads(); err != nil {
			return err
		}
	}
	if b.wants(isolationRun) {
		return b.measureIsolation()
	}
	return nil
}

// measureWorkloads measures every selected workload, closed and then open. The workloads of a round
// take turns: a growing database and a drifting machine affect all of them.
func (b *bench) measureWorkloads() (err error) {
	s, err := openSystem(b.ctx, plan{binaries: b.binaries, database: b.database, port: b.port, progress: b.stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	u := newUsers(b.ctx, s.issuer.URL, s.Staff, b.connections, b.people, b.sessions)
	defer u.close()
	for _, loop := range []struct {
		name  string
		round func(*system, *users, *workload, int) error
	}{{"closed", b.closedRound}, {"open", b.openRound}} {
		for n := range b.rounds {
			for i := range workloads {
				l := &workloads[i]
				if !b.wants(l.group) || loop.name == "open" && l.floor == 0 {
					continue
				}
				b.log("%s loop, round %d of %d: %s", loop.name, n+1, b.rounds, l.name)
				if err := loop.round(s, u, l, n); err != nil {
					return errors.Join(fmt.Errorf("%s, %s loop, round %d: %w", l.name, loop.name, n+1, err), s.alive())
				}
			}
		}
	}
	return nil
}

// headroom is how many times the floor's requests are prepared for a closed round. If the issuer
// can do more, the round is shorter.
const headroom = 2

// closedRound measures the capacity of the issuer.
func (b *bench) closedRound(s *system, u *users, l *workload, _ int) error {
	var r measure.Result
	used, err := b.metered(s, u, l, int(headroom*l.floor*b.round.Seconds()), func() (err error) {
		r, err = measure.Closed(b.ctx, b.round, b.connections, l.work(u))
		return err
	})
	switch {
	case err != nil:
		return err
	case r.Declined > 0:
		return fmt.Errorf("%d requests of a closed loop were declined, the first: %w", r.Declined, r.Declination)
	case r.Done == 0:
		return errors.New("no request was answered")
	}
	b.samples.add(closedName(l), r.Done, append(cpuValues(used, r.Done), value("op/s", r.Rate()), value("s", r.Took.Seconds()))...)
	return nil
}

// openRound sends requests at a fixed rate and measures latency.
func (b *bench) openRound(s *system, u *users, l *workload, n int) error {
	due := openloop.Poisson(l.floor*b.share, b.round, rand.New(rand.NewPCG(uint64(n), 0x69737375696e67))).All()
	var o openloop.Outcome
	used, err := b.metered(s, u, l, len(due), func() (err error) {
		o, err = openloop.Round{Due: due, Length: b.round, Workers: b.connections}.Run(b.ctx, l.work(u))
		return err
	})
	switch {
	case err != nil:
		return err
	case o.Due == 0:
		return errors.New("no request was due: use a longer -round or a higher -rate")
	}
	if o.Unmet() > 0 {
		b.log("%s: %d of %d were not done: %d declined (first: %v), %d not sent", l.name, o.Unmet(), o.Due, o.Declined, o.First, o.Unsent)
	}
	b.samples.add(openName(l), o.Due, append(cpuValues(used, max(1, o.Done)),
		value("due/s", float64(o.Due)/b.round.Seconds()), value("p50-ms", millis(o.Latency, 0.5)), value("p99-ms", millis(o.Latency, 0.99)),
		value("p99.9-ms", millis(o.Latency, 0.999)), value("late-p99-ms", millis(o.Late, 0.99)), value("unmet", float64(o.Unmet())))...)
	return nil
}

// metered prepares n requests before the measured time, runs the round, and returns the processor
// time that it used.
func (b *bench) metered(s *system, u *users, l *workload, n int, round func() error) (used cpuTime, err error) {
	if err := errors.Join(b.ctx.Err(), s.trim()); err != nil {
		return used, err
	}
	if l.prepare != nil {
		if err := l.prepare(u, n); err != nil {
			return used, fmt.Errorf("prepare: %w", err)
		}
	}
	before, err := s.used()
	if err != nil {
		return used, err
	}
	if err := round(); err != nil {
		return used, err
	}
	after, err := s.used()
	return after.since(before), errors.Join(err, b.ctx.Err())
}

// cpuValues are the processor times of n operations, in total and for each.
func cpuValues(c cpuTime, n int) []measure.Value {
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(n) }
	share := 0.0
	if c.sum() > 0 {
		share = 100 * c.client.Seconds() / c.sum().Seconds()
	}
	return []measure.Value{value("client-cpu-s", c.client.Seconds()), value("issuer-cpu-s", c.issuer.Seconds()), value("database-cpu-s", c.database.Seconds()),
		value("client-us/op", each(c.client)), value("issuer-us/op", each(c.issuer)), value("database-us/op", each(c.database)), value("client-%", share)}
}

func millis(sorted []time.Duration, q float64) float64 {
	return openloop.Quantile(sorted, q).Seconds() * 1e3
}

func closedName(l *workload) string { return "Issuance/" + l.name + "/closed" }
func openName(l *workload) string   { return "Issuance/" + l.name + "/open" }
