package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/test/harness/process"
)

// The processors of the two sides where they are kept apart.
const (
	gateCPU     = 0
	issuanceCPU = 1
)

// phase is what the issuance side goes through while the gate is asked.
type phase string

const (
	idle      phase = "idle"
	computing phase = "computing" // idle, and the benchmark computes beside it: what a machine's noise does
	saturated phase = "saturated"
	without   phase = "no-database"
)

var phases = []phase{idle, computing, saturated, without}

// way is how the two sides share the machine.
type way struct {
	name, title string
	apart       bool
}

var ways = []way{
	{"pinned", fmt.Sprintf("gateway and its load on processor %d; issuer, database, broker and their load on processor %d, as on separate machines or cgroups", gateCPU, issuanceCPU), true},
	{"loose", "all on all processors, nothing kept apart", false},
}

func isolationName(w way, p phase) string { return "Isolation/" + w.name + "/" + string(p) }

// measureIsolation asks a gate at a fixed rate while the issuance side is idle,
// then with mere computing in its place, then saturated, then without its
// database; in turn, several rounds.
func (b *bench) measureIsolation() error {
	for _, w := range ways {
		if w.apart && b.cores <= max(gateCPU, issuanceCPU) {
			b.notRunWay(w, "this machine has one processor")
			continue
		}
		if err := b.isolate(w); err != nil {
			return fmt.Errorf("isolation, %s: %w", w.name, err)
		}
	}
	return nil
}

func (b *bench) notRunWay(w way, why string) {
	for _, p := range phases {
		b.samples.without(isolationName(w, p), why)
	}
}

// isolate is one way. Each has a system of its own: a process stays where it began.
func (b *bench) isolate(w way) (err error) {
	p := plan{binaries: b.binaries, database: b.database, port: b.port, gateway: true, gateCPU: process.AnyCPU, progress: b.stderr}
	if w.apart {
		undo, err := process.Pin(issuanceCPU)
		if err != nil {
			b.notRunWay(w, err.Error())
			return nil
		}
		defer undo()
		p.gateCPU = gateCPU
	}
	s, err := open(b.ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	u := newUsers(b.ctx, s.issuer.URL, s.Staff, b.connections, min(b.people, beside), min(b.sessions, beside))
	defer u.close()
	if err := u.prepareSessions(0); err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	g := &gateRun{bench: b, system: s, users: u, cpu: p.gateCPU}
	if s.postgres == nil {
		b.samples.without(isolationName(w, without), "SQLite cannot be stopped")
	}
	for n := range b.rounds {
		for i := range phases {
			p := phases[(i+n)%len(phases)] // who goes first changes, so that a drift of the machine favours nobody
			if p == without && s.postgres == nil {
				continue
			}
			b.log("isolation, %s, round %d of %d: %s", w.name, n+1, b.rounds, p)
			if err := g.phase(w, p, n); err != nil {
				return errors.Join(fmt.Errorf("%s, round %d: %w", p, n+1, err), s.alive())
			}
		}
	}
	for _, p := range phases {
		name := isolationName(w, p)
		if b.samples.Values[name] == nil && b.samples.NotRun[name] == "" {
			b.samples.without(name, "the load generator was late by itself in every round")
		}
	}
	return nil
}

// beside is how many approved people, and open sessions, the load beside a gate
// goes through in turn: none is opened twice in a second, as no phone does.
const beside = 2000

// gateWarmup is loaded and judged, and in no figure.
const gateWarmup = time.Second

// gateRun is what the phases of one way have in common.
type gateRun struct {
	*bench
	system *system
	users  *users
	cpu    int // of the gateway and of its load
}

// phase is one round of one phase.
func (g *gateRun) phase(w way, p phase, n int) (err error) {
	if err := errors.Join(g.ctx.Err(), g.system.trim()); err != nil {
		return err
	}
	if err := g.users.prepareSessions(0); err != nil { // again, when they come to their end
		return fmt.Errorf("preparing: %w", err)
	}
	length := 2 * g.round
	var load *background
	switch p {
	case idle:
	case computing:
		defer compute()()
	default:
		load = startBackground(g.ctx, g.users, g.connections)
		defer load.stop()
	}
	gate, err := startGateLoad(g, length, uint64(n))
	if err != nil {
		return err
	}
	defer gate.kill()
	if p == without {
		// A quarter of what is measured still has the database, and then the blow.
		if err := gate.await(gateWarmup + length/4); err != nil {
			return err
		}
		if err := g.system.postgres.command("down"); err != nil {
			return err
		}
	}
	result, err := gate.result()
	if err != nil {
		return err
	}
	data, err := g.revocationData()
	if err != nil {
		return err
	}
	values := []measure.Value{value("p50-ms", float64(result.Overall.P50)/1e6), value("p99-ms", float64(result.Overall.P99)/1e6),
		value("p99.9-ms", float64(result.Overall.P999)/1e6), value("checks/s", result.Rate),
		value("oldest-ms", float64(max(result.OldestMS, data.AgeMS))), value("revoke-p50-ms", float64(result.Revocation.P50)/1e6),
		value("revoke-max-ms", float64(result.Revocation.Max)/1e6)}
	if load != nil {
		did, err := load.stop()
		if err != nil {
			return fmt.Errorf("beside the gate: %w", err)
		}
		if p == saturated && did.Declined > 0 {
			g.log("%d requests beside the gate were declined, the first: %v", did.Declined, did.Declination)
		}
		values = append(values, value("issuance/s", did.Rate()), value("declined/s", float64(did.Declined)/did.Took.Seconds()))
	}
	if p == without {
		if err := g.recover(); err != nil {
			return err
		}
	}
	if len(result.Invalid) > 0 {
		g.log("this round does not count: %s", result.Invalid[0])
		return nil
	}
	g.samples.add(isolationName(w, p), int(result.Checks), values...)
	g.samples.state(isolationName(w, p), data.State)
	return nil
}

// recover shows that without its database the issuer accepts no revocation, and
// waits until all is well again. The clients have stopped.
func (g *gateRun) recover() error {
	revoking := g.users.client.Revoke(g.ctx, g.users.approved[0].Serial, g.system.Staff)
	if revoking == nil {
		return errors.New("the issuer has no database and accepted a revocation")
	}
	if err := g.system.postgres.command("up"); err != nil {
		return err
	}
	if err := g.system.issuer.Ready(g.ctx, readyWithin, g.system.issuer.Process); err != nil {
		return err
	}
	return g.awaitFresh()
}
