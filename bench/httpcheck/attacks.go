package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
)

const (
	// attackedRate is the rate of honest requests during an attack: a tenth of the capacity of a
	// core, all with passes in the cache.
	attackedRate = 2000
	// unfinishedShare is the number of connections with unfinished batches for each connection of
	// -attackers.
	unfinishedShare = 7.5
)

// measurePipelines sends honest requests alone, and in each round during an attack by connections
// that send requests without a credential and do not wait for answers.
func (b *bench) measurePipelines() error {
	return b.attacked("HTTPPipelines", servers.Pipelines, b.attackers)
}

// measureUnfinished does the same during an attack with batches that never end, and reports the
// gateway's peak memory.
func (b *bench) measureUnfinished() error {
	return b.attacked("HTTPUnfinished", servers.Unfinished, int(unfinishedShare*float64(b.attackers)))
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

// attackedRound is one open loop against a separate gateway.
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
	return b.printOutcome(name, outcomes[0], turns, fmt.Sprintf("\t%8.1f rss-MiB", float64(after.MaxRSS)/(1<<20)))
}
