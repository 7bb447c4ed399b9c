package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/tool"
)

const (
	makers      = 16   // passengers created concurrently
	otherChecks = 1000 // per second, of other passengers, during a measurement
)

// measuring is the part of the command line for -latency.
type measuring struct {
	rate    int           // revocations a second; 0: no measurement
	length  time.Duration // of one round
	warmUp  time.Duration // of each side, at the same rate: a JVM is slowest in its first seconds
	rounds  int           // of each side
	against string        // folder with another version's issuer and gateway; empty: this version alone
}

func (m *measuring) check() error {
	switch {
	case m.rate < 0 || m.rate > 10_000:
		return errors.New("-latency must be 0 to 10000")
	case m.length < time.Second || m.length > 5*time.Minute || m.warmUp < 0 || m.warmUp > 5*time.Minute:
		return errors.New("-for must be 1s to 5m, -warm-up at most 5m")
	case m.rounds < 1 || m.rounds > 20:
		return errors.New("-rounds must be 1 to 20")
	case m.against != "" && m.rate == 0:
		return errors.New("-against needs -latency")
	}
	return nil
}

// side is one version under measurement, in a system of its own. Sides share the machine and, if it
// is real, the broker. They are measured in turns; the waiting side is stopped.
type side struct {
	name    string
	system  *system
	holders []*holder // to be revoked
	rounds  []*round
}

// measureLatency measures, without faults, the time from the arrival of a revocation's
// acknowledgement to the first refusal at one gateway. Revocations arrive at a fixed rate, open
// loop, while other passengers are checked. With -against it does so for two versions, in turns.
func measureLatency(ctx context.Context, o options, log *console) error {
	sides := []*side{{name: "new"}}
	folders := []string{""}
	if o.against != "" {
		sides, folders = append(sides, &side{name: "old"}), append(folders, o.against)
	}
	machine := tool.ThisMachine()
	for i, s := range sides {
		p := o
		p.binaries = folders[i]
		sys, err := newSystem(ctx, p, log)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer sys.close()
		s.system = sys
		for _, g := range sys.gateways[1:] { // on one machine they would only use processor time
			g.stop()
		}
		sys.gateways = sys.gateways[:1]
		count := o.rate * int((o.warmUp+time.Duration(o.rounds)*o.length)/time.Second)
		log.printf("%s: creating %d passengers", s.name, count)
		if s.holders, err = sys.makeHolders(ctx, count); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := s.warmUp(ctx, o.measuring, log); err != nil {
			return err
		}
		if len(sides) > 1 {
			s.pause(true)
		}
	}
	for n := range o.rounds {
		for _, s := range sides {
			if err := s.measure(ctx, o.measuring, len(sides) > 1, n, log); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	fmt.Printf("machine: %s\n", machine)
	return reportLatency(os.Stdout, o.measuring, sides)
}

func (s *side) warmUp(ctx context.Context, m measuring, log *console) error {
	if m.warmUp == 0 {
		return nil
	}
	log.printf("%s: warming up for %v at %d revocations/s", s.name, m.warmUp, m.rate)
	_, err := s.system.revokeAll(ctx, s.draw(m, m.warmUp), m.rate)
	return err
}

// draw removes and returns the passengers for a duration.
func (s *side) draw(m measuring, length time.Duration) (drawn []*holder) {
	n := min(m.rate*int(length/time.Second), len(s.holders))
	drawn, s.holders = s.holders[:n], s.holders[n:]
	return drawn
}

// pause stops or continues the processes of a side.
func (s *side) pause(stop bool) {
	sig := syscall.SIGCONT
	if stop {
		sig = syscall.SIGSTOP
	}
	s.system.issuer.signal(sig)
	for _, g := range s.system.gateways {
		g.signal(sig)
	}
}

// measure runs one round of a side.
func (s *side) measure(ctx context.Context, m measuring, inTurns bool, n int, log *console) error {
	sys := s.system
	if inTurns {
		s.pause(false)
		defer s.pause(true)
		if err := errors.Join(awaitFresh(ctx, sys.gateways, recoveryBound), sys.issuer.Ready(ctx, recoveryBound, nil)); err != nil {
			return err
		}
	}
	log.printf("%s: round %d of %d: %v at %d revocations/s, with %d other checks/s", s.name, n+1, m.rounds, m.length, m.rate, otherChecks)
	before, err := sys.costs(ctx)
	if err != nil {
		return err
	}
	busy, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() { sys.checkOthers(busy) })
	r, err := sys.revokeAll(ctx, s.draw(m, m.length), m.rate)
	stop()
	others.Wait()
	if err != nil {
		return err
	}
	after, err := sys.costs(ctx)
	if err != nil {
		return err
	}
	r.cost = after.since(before)
	s.rounds = append(s.rounds, r)
	log.printf("%s: %.0f/s reached, acknowledgement to refusal %s%s", s.name, r.reached, quantiles(r.refused), r.failures())
	return nil
}

func (sys *system) makeHolders(ctx context.Context, n int) ([]*holder, error) {
	holders := make([]*holder, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range makers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == nil; i = int(next.Add(1)) - 1 {
				h, err := sys.newHolder(ctx, firstHolders+i)
				if err != nil {
					failed.Store(&err)
				}
				holders[i] = h
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, fmt.Errorf("create passengers: %w", *err)
	}
	return holders, nil
}
