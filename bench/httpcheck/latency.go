package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/loadtest/openloop"
)

// share is the fraction of the gateway's capacity at which latency is measured.
const share = 0.5

// measureLatency sends the gateway and the no-op server the same requests at the same times, at
// half the gateway's capacity, and measures from the time each was due.
func (b *bench) measureLatency() error {
	ours, err := b.gateway()
	if err != nil {
		return err
	}
	defer ours.Stop()
	noop, err := b.noop(ours, b.shown(time.Now()))
	if err != nil {
		return err
	}
	defer noop.Stop()
	b.log("latency: capacity of the gateway")
	full, err := b.round(&side{server: ours, connections: b.connections, answerMax: answerMax, hits: true,
		requests: func(now time.Time) (*corpus.Requests, error) { return b.shown(now), nil }})
	if err != nil {
		return fmt.Errorf("capacity: %w", err)
	}
	fmt.Fprintln(b.out, full.line("HTTPCapacity/ours"))
	sides := []struct {
		name   string
		server servers.Server
	}{{"HTTPLatency/ours", ours}, {"HTTPLatency/plain-noop", noop}}
	for n := range b.rounds {
		for i := range sides {
			s := sides[(i+n)%len(sides)]
			if err := b.interrupted(); err != nil {
				return err
			}
			b.log("round %d of %d: %s at %.0f requests/s", n+1, b.rounds, s.name, share*full.perCore())
			if err := b.paced(s.name, s.server, share*full.perCore(), uint64(n)); err != nil {
				return fmt.Errorf("round %d of %s: %w", n+1, s.name, err)
			}
		}
	}
	return nil
}

// paced runs one round of the open loop.
func (b *bench) paced(name string, server servers.Server, rate float64, seed uint64) error {
	requests := b.shown(time.Now())
	if err := b.warm(server.Address(), requests); err != nil {
		return err
	}
	before, err := server.Usage()
	if err != nil {
		return err
	}
	outcomes, turns, err := load.Open(server.Address(), b.options.round,
		load.Stream{Supply: requests, Rate: rate, Connections: b.connections, Seed: seed})
	if err != nil {
		return err
	}
	after, err := server.Usage()
	if err != nil {
		return err
	}
	o := outcomes[0]
	if o.Wrong+o.Broken+o.Declined > 0 {
		return fmt.Errorf("%d wrong answers, %d broken connections, %d declined: %w", o.Wrong, o.Broken, o.Declined, o.First)
	}
	if misses := after.Misses - before.Misses; misses*1000 > uint64(o.Due) {
		return fmt.Errorf("%d of %d passes were not in the cache", misses, o.Due)
	}
	fmt.Fprintf(b.out, "%s\t%8.1f late-p50-us\t%8.1f late-p99.9-us\t%8.1f turn-p99.9-us\n", latencyLine(name, o, b.options.round),
		micros(openloop.Quantile(o.Late, 0.5)), micros(openloop.Quantile(o.Late, 0.999)), micros(openloop.Quantile(turns, 0.999)))
	return nil
}

// latencyLine returns an outcome in the form of Go's benchmarks.
func latencyLine(name string, o load.Outcome, length time.Duration) string {
	return fmt.Sprintf("Benchmark%s\t%8d\t%8.1f p50-us\t%8.1f p99-us\t%8.1f p99.9-us\t%8.0f due/s\t%d unfinished",
		name, o.Due, micros(openloop.Quantile(o.Latency, 0.5)), micros(openloop.Quantile(o.Latency, 0.99)), micros(openloop.Quantile(o.Latency, 0.999)),
		float64(o.Due)/length.Seconds(), o.Unsent+o.Unanswered)
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
