package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
)

const (
	// attackedRate is how many honest requests a second come beside an attack: a
	// tenth of what a core can do, all of passes in the cache.
	attackedRate = 2000
	// unfinishedShare is how many connections begin batches for each one of -crowd
	// that would send pipelines.
	unfinishedShare = 7.5
)

// measurePipelines offers honest requests alone, and in each round beside a crowd
// that sends requests without a credential and does not wait for answers.
func (b *bench) measurePipelines() error {
	return b.attacked("HTTPPipelines", servers.Pipelines, b.crowd)
}

// measureUnfinished does the same beside batches that never end, and tells the
// most memory that the gateway has had.
func (b *bench) measureUnfinished() error {
	return b.attacked("HTTPUnfinished", servers.Unfinished, int(unfinishedShare*float64(b.crowd)))
}

func (b *bench) attacked(name string, kind servers.Kind, connections int) error {
	if err := b.attackedRound(name+"/honest-alone", "", 0); err != nil {
		return err
	}
	for n := range b.rounds {
		if err := b.interrupted(); err != nil {
			return err
		}
		b.log("round %d of %d: %s, %d connections", n+1, b.rounds, name, connections)
		if err := b.attackedRound(name+"/honest-flooded", kind, connections); err != nil {
			return fmt.Errorf("round %d of %s: %w", n+1, name, err)
		}
	}
	return nil
}

// attackedRound is one open loop against a gateway of its own.
func (b *bench) attackedRound(name string, kind servers.Kind, connections int) error {
	s, err := b.gateway()
	if err != nil {
		return err
	}
	defer s.Stop()
	requests := b.shown(time.Now())
	if err := b.warm(s.Address(), requests); err != nil {
		return err
	}
	if connections > 0 {
		a, err := servers.Attack(kind, s.Address(), connections)
		if err != nil {
			return err
		}
		defer a.Stop()
	}
	outcomes, turns, err := load.Open(s.Address(), b.options.round,
		load.Stream{Supply: b.shown(time.Now()), Rate: attackedRate, Connections: b.connections, Seed: floodSeed})
	if err != nil {
		return err
	}
	after, err := s.Usage()
	if err != nil {
		return err
	}
	return b.beside(name, outcomes[0], turns, fmt.Sprintf("\t%8.1f rss-MiB", float64(after.MaxRSS)/(1<<20)))
}
