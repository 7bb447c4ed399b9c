package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/test/harness/process"
)

// The processors of the two sides when they are separated.
const (
	gateCPU     = 0
	issuanceCPU = 1
)

// phase is the state of the issuance side while the gate is measured.
type phase string

const (
	idle      phase = "idle"
	computing phase = "computing" // idle, and the benchmark computes: the noise of a busy machine
	saturated phase = "saturated"
	without   phase = "no-database"
)

var phases = []phase{idle, computing, saturated, without}

// placement is how the two sides share the machine.
type placement struct {
	name, title string
	apart       bool
}

var placements = []placement{
	{"pinned", fmt.Sprintf("gateway and its load on processor %d; issuer, database, broker and their load on processor %d, as on separate machines or cgroups", gateCPU, issuanceCPU), true},
	{"loose", "everything on all processors", false},
}

func isolationName(w placement, p phase) string { return "Isolation/" + w.name + "/" + string(p) }

// measureIsolation checks codes at a gate at a fixed rate while the issuance side is idle, replaced
// by pure computing, saturated, and without its database; the phases take turns in several rounds.
func (b *bench) measureIsolation() error {
	for _, w := range placements {
		if w.apart && b.cores <= max(gateCPU, issuanceCPU) {
			b.notRunPlacement(w, "this machine has one processor")
			continue
		}
		if err := b.isolate(w); err != nil {
			return fmt.Errorf("isolation, %s: %w", w.name, err)
		}
	}
	return nil
}

func (b *bench) notRunPlacement(w placement, why string) {
	for _, p := range phases {
		b.samples.without(isolationName(w, p), why)
	}
}

// isolate measures one placement. Each has its own system: a process stays on the processors where
// it started.
func (b *bench) isolate(w placement) (err error) {
	p := plan{binaries: b.binaries, database: b.database, port: b.port, gateway: true, gateCPU: process.AnyCPU, progress: b.stderr}
	if w.apart {
		undo, err := process.Pin(issuanceCPU)
		if err != nil {
			b.notRunPlacement(w, err.Error())
			return nil
		}
		defer undo()
		p.gateCPU = gateCPU
	}
	s, err := openSystem(b.ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	u := newUsers(b.ctx, s.issuer.URL, s.Staff, b.connections, min(b.people, gateUsers), min(b.sessions, gateUsers))
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
			p := phases[(i+n)%len(phases)] // the first phase changes each round, so drift of the machine favours none
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
			b.samples.without(name, "the load generator was late in every round")
		}
	}
	return nil
}

// gateUsers is the number of approved people and open sessions that the background load uses in
// turn: none is used twice in a second, as no phone would be.
const gateUsers = 2000

// gateWarmup is judged, and excluded from the figures.
const gateWarmup = time.Second

// gateRun is shared by the phases of one placement.
type gateRun struct {
	*bench
	system *system
	users  *users
	cpu    int // of the gateway and its load
}

// phase is one round of one phase.
func (g *gateRun) phase(w placement, p phase, n int) (err error) {
	if err := errors.Join(g.ctx.Err(), g.system.trim()); err != nil {
		return err
	}
	if err := g.users.prepareSessions(0); err != nil { // again before they end
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
		// The database stops after a quarter of the measured time.
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
			return fmt.Errorf("background load: %w", err)
		}
		if p == saturated && did.Declined > 0 {
			g.log("%d requests of the background load were declined, the first: %v", did.Declined, did.Declination)
		}
		values = append(values, value("issuance/s", did.Rate()), value("declined/s", float64(did.Declined)/did.Took.Seconds()))
	}
	if p == without {
		if err := g.recover(); err != nil {
			return err
		}
	}
	if len(result.Invalid) > 0 {
		g.log("this round is excluded: %s", result.Invalid[0])
		return nil
	}
	g.samples.add(isolationName(w, p), int(result.Checks), values...)
	g.samples.state(isolationName(w, p), data.State)
	return nil
}

// recover checks that the issuer accepts no revocation without its database, and waits until
// everything works again. The clients have stopped.
func (g *gateRun) recover() error {
	revoking := g.users.client.Revoke(g.ctx, g.users.approved[0].Serial, g.system.Staff)
	if revoking == nil {
		return errors.New("the issuer accepted a revocation without its database")
	}
	if err := g.system.postgres.command("up"); err != nil {
		return err
	}
	if err := g.system.issuer.Ready(g.ctx, readyWithin, g.system.issuer.Process); err != nil {
		return err
	}
	return g.awaitFresh()
}
