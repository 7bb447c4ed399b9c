package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/loadtest/openloop"
)

// side is one server under a closed loop.
type side struct {
	name        string                                        // of its output lines
	start       func() (servers.Server, error)                // starts a server for each round
	server      servers.Server                                // if start is nil: one server for all rounds
	requests    func(time.Time) (*corpus.Requests, error)     // of a round
	warm        func(time.Time) (d *corpus.Requests, e error) // warm-up requests; nil: the same
	connections int
	answerMax   int
	hits        bool // every pass must be in the server's cache
	misses      bool // no pass may be in it
}

// roundResult is the result of a round.
type roundResult struct {
	tokens int
	took   time.Duration
	cpu    time.Duration // of the server
}

// perCore returns the tokens a second for which one processor suffices.
func (f roundResult) perCore() float64 { return float64(f.tokens) / f.cpu.Seconds() }

// line returns the round in the form of Go's benchmarks; the operation is one token.
func (f roundResult) line(name string) string {
	return fmt.Sprintf("Benchmark%s\t%8d\t%10.1f cpu-ns/op\t%10.0f op/s\t%6.1f busy-%%",
		name, f.tokens, float64(f.cpu)/float64(max(1, f.tokens)), float64(f.tokens)/f.took.Seconds(), 100*f.cpu.Seconds()/f.took.Seconds())
}

// alternate measures all rounds of all sides in turn.
func (b *bench) alternate(sides []*side) error {
	for n := range b.rounds {
		for i := range sides {
			// The first side changes each round, so drift of the machine favours none.
			s := sides[(i+n)%len(sides)]
			if err := b.interrupted(); err != nil {
				return err
			}
			b.log("round %d of %d: %s", n+1, b.rounds, s.name)
			f, err := b.round(s)
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", n+1, s.name, err)
			}
			fmt.Fprintln(b.out, f.line(s.name))
		}
	}
	return nil
}

// round measures one round.
func (b *bench) round(s *side) (f roundResult, err error) {
	server := s.server
	if s.start != nil {
		if server, err = s.start(); err != nil {
			return f, err
		}
		defer server.Stop()
	}
	now := time.Now()
	requests, err := s.requests(now)
	if err != nil {
		return f, err
	}
	warm := requests
	if s.warm != nil {
		if warm, err = s.warm(now); err != nil {
			return f, err
		}
	}
	if err := b.warm(server.Address(), warm); err != nil {
		return f, err
	}
	c, err := load.Dial(server.Address(), s.connections, s.answerMax)
	if err != nil {
		return f, err
	}
	defer c.Close()
	runtime.GC() // for earlier requests, so it is not due during the round
	before, err := server.Usage()
	if err != nil {
		return f, err
	}
	r, err := c.Run(requests, b.options.round)
	if err != nil {
		return f, err
	}
	after, err := server.Usage()
	if err != nil {
		return f, err
	}
	if r.Declined > 0 {
		return f, fmt.Errorf("%d requests were declined: %w", r.Declined, openloop.ErrDeclined)
	}
	f = roundResult{tokens: r.Done * requests.Tokens, took: r.Took, cpu: after.CPU - before.CPU}
	return f, s.valid(f.tokens, int(after.Misses-before.Misses))
}

// valid returns an error if the cache state was not as intended. One in a thousand is allowed: a
// cache may forget a pass or know one by chance.
func (s *side) valid(tokens, misses int) error {
	switch {
	case s.hits && misses*1000 > tokens:
		return fmt.Errorf("%d of %d passes were not in the cache", misses, tokens)
	case s.misses && (tokens-misses)*1000 > tokens:
		return fmt.Errorf("only %d of %d passes were not in the cache", misses, tokens)
	}
	return nil
}
