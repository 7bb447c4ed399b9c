package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/loadtest/openloop"
)

// The flood: four of five requests are forged, at twice the rate that the server can answer.
const (
	forgedShare      = 0.8
	overload         = 2.0
	mixPart          = 4   // one in mixPart of -new requests measures the capacity
	floodConnections = 256 // of the forger
	floodSeed        = 11
	spare            = 1.1 // factor of requests above the average number due
	fewest           = 100
)

// arrangement is the credential that the forger uses.
type arrangement struct{ name, credential string }

var arrangements = []arrangement{
	{"HTTPFlood-other-device", corpus.Stranger},
	{"HTTPFlood-same-device", corpus.Gate},
}

// measureFlood sends honest requests, half of them with new passes, alone and then during the
// flood.
func (b *bench) measureFlood() error {
	for _, a := range arrangements {
		if err := b.interrupted(); err != nil {
			return err
		}
		b.log("%s: capacity for the mix", a.name)
		capacity, err := b.mixCapacity(a)
		if err != nil {
			return fmt.Errorf("%s: capacity: %w", a.name, err)
		}
		fmt.Fprintf(b.out, "Benchmark%s/capacity\t%8d\t%10.0f op/s\n", a.name, b.fresh/mixPart, capacity)
		for _, flooded := range []bool{false, true} {
			b.log("%s: flooded: %v", a.name, flooded)
			if err := b.floodRound(a, overload*capacity, flooded); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	return nil
}

// honest returns n requests, half of them with passes in the cache.
func (b *bench) honest(n int, now time.Time) *corpus.Requests {
	fresh := corpus.Singles(b.new.Codes(now), corpus.Gate, corpus.Allowed).First(n / 2)
	known := b.shown(now)
	var parts []*corpus.Requests
	for left := n - fresh.Len(); left > 0; left -= known.Len() {
		parts = append(parts, known.First(left))
	}
	return corpus.Shuffle(floodSeed, append(parts, fresh)...)
}

// mixCapacity returns the requests of the mix that a second of the server's processor time answers.
func (b *bench) mixCapacity(a arrangement) (float64, error) {
	s, err := b.gateway()
	if err != nil {
		return 0, err
	}
	defer s.Stop()
	now := time.Now()
	if err := b.warm(s.Address(), b.shown(now)); err != nil {
		return 0, err
	}
	all := b.fresh / mixPart
	forged := int(float64(all) * forgedShare)
	mix := corpus.Shuffle(floodSeed, b.honest(all-forged, now),
		corpus.Singles(corpus.Forge(forged, now, floodSeed), a.credential, corpus.Forged))
	c, err := load.Dial(s.Address(), b.connections, answerMax)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	before, err := s.Usage()
	if err != nil {
		return 0, err
	}
	r, err := c.Run(mix, b.options.round)
	if err != nil {
		return 0, err
	}
	after, err := s.Usage()
	if err != nil {
		return 0, err
	}
	if r.Done == 0 {
		return 0, fmt.Errorf("all of %d requests were declined", r.Declined)
	}
	return float64(r.Done) / (after.CPU - before.CPU).Seconds(), nil
}

// floodRound is one open loop against a separate gateway.
func (b *bench) floodRound(a arrangement, rate float64, flooded bool) error {
	s, err := b.gateway()
	if err != nil {
		return err
	}
	defer s.Stop()
	seconds := b.options.round.Seconds()
	var forged *corpus.Requests
	if flooded {
		n := int(spare*rate*forgedShare*seconds) + fewest
		forged = corpus.Singles(corpus.Forge(n, time.Now(), floodSeed+1), a.credential, corpus.Forged).Through()
	}
	now := time.Now()
	if err := b.warm(s.Address(), b.shown(now)); err != nil {
		return err
	}
	honestRate := rate * (1 - forgedShare)
	honest := b.honest(int(spare*honestRate*seconds)+fewest, now).Judged(corpus.Allowed)
	streams := []load.Stream{{Supply: honest, Rate: honestRate, Connections: b.connections, Seed: floodSeed}}
	if flooded {
		streams = append(streams, load.Stream{Supply: forged, Rate: rate * forgedShare, Connections: floodConnections, Seed: floodSeed + 1})
	}
	outcomes, turns, err := load.Open(s.Address(), b.options.round, streams...)
	if err != nil {
		return err
	}
	names := []string{"/honest-alone"}
	if flooded {
		names = []string{"/honest-flooded", "/forged"}
	}
	for i, o := range outcomes {
		if err := b.printOutcome(a.name+names[i], o, turns, ""); err != nil {
			return err
		}
	}
	return nil
}

// printOutcome prints the line of requests during an attack; more is appended.
func (b *bench) printOutcome(name string, o load.Outcome, turns []time.Duration, more string) error {
	fmt.Fprintf(b.out, "%s\t%d good\t%d busy\t%d wrong\t%d broken\t%8.1f turn-p99.9-us%s\n",
		latencyLine(name, o, b.options.round), o.Done, o.Declined, o.Wrong, o.Broken, micros(openloop.Quantile(turns, 0.999)), more)
	if o.First != nil {
		b.log("%s: the first fault: %v", name, o.First)
	}
	if o.Wrong > 0 {
		return fmt.Errorf("%s: %d wrong answers: %w", name, o.Wrong, o.First)
	}
	return nil
}
