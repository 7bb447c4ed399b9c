package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// The processors of the two sides.
const (
	serverCPU = 0
	loadCPU   = 1
)

// measure runs the rounds, writing as it goes.
func measure(ctx context.Context, o *options, out io.Writer) error {
	where := thisMachine()
	pinned := o.pin && where.cores > max(serverCPU, loadCPU)
	if pinned {
		if err := pinProcess(loadCPU); err != nil {
			return fmt.Errorf("keeping the load generator on CPU %d (-pin=false does without): %w", loadCPU, err)
		}
	}
	runtime.GOMAXPROCS(1)
	fmt.Fprintf(out, "machine: %s\ncommand: %s\n", where, o.command())
	if !pinned {
		fmt.Fprintln(out, "NOT PINNED: the two sides share processors; the figures say little")
	}

	gateway, err := startServer(gatewayKind, pinned)
	if err != nil {
		return err
	}
	defer gateway.stop()
	codes := newCodes(o.connections, o.sessions)
	codes.prepare(time.Now())
	sample, err := probe(gateway.address, codes.request(0, 0))
	if err != nil {
		return fmt.Errorf("%s: %w", gatewayKind, err)
	}
	noop, err := startServer(noopKind, pinned)
	if err != nil {
		return err
	}
	defer noop.stop()
	if err := noop.answerWith(sample.body); err != nil {
		return err
	}

	sides := []*side{{name: "ours", server: gateway}, {name: "plain-noop", server: noop}}
	for _, s := range sides {
		if err := s.open(o.connections, codes); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer s.load.close()
	}
	fmt.Fprintf(out, "request: %d bytes, answer: %d bytes (ours, of the first)\n\n", len(codes.request(0, 0)), sample.size)
	for n := range o.rounds {
		for i := range sides {
			// Who goes first changes, so that a drift of the machine favours nobody.
			s := sides[(i+n)%len(sides)]
			if err := ctx.Err(); err != nil {
				return errors.New("interrupted")
			}
			r, err := s.round(codes, o.round)
			if err != nil {
				return fmt.Errorf("round %d of %s: %w", n+1, s.name, err)
			}
			fmt.Fprintf(out, "round %d %-10s %s\n", n+1, s.name, r)
			s.rounds = append(s.rounds, r)
		}
	}
	writeTable(out, sides[0], sides[1])
	return nil
}

// side is one server under load.
type side struct {
	name   string
	server *server
	load   *load
	rounds []figures
}

func (s *side) open(connections int, codes *codes) error {
	first, err := probe(s.server.address, codes.request(0, 0))
	if err != nil {
		return err
	}
	s.load, err = dial(s.server.address, connections, first.layout)
	return err
}

// round measures once: codes of the current step, each shown once before the
// clock starts, so that a session that had to be opened anew is remembered.
func (s *side) round(codes *codes, length time.Duration) (figures, error) {
	codes.prepare(time.Now())
	if err := s.load.showAll(codes); err != nil {
		return figures{}, fmt.Errorf("before the clock: %w", err)
	}
	before, err := s.server.usage()
	if err != nil {
		return figures{}, err
	}
	answers, took, err := s.load.run(codes, length)
	if err != nil {
		return figures{}, err
	}
	after, err := s.server.usage()
	if err != nil {
		return figures{}, err
	}
	r := figures{answers: answers, took: took, cpu: after.cpu - before.cpu}
	// One in a thousand is what a cache may forget; more, and this is not the
	// benchmark that it says it is.
	if misses := after.misses - before.misses; misses*1000 > uint64(answers) {
		return r, fmt.Errorf("%d of %d passes were not in the cache", misses, answers)
	}
	return r, nil
}
