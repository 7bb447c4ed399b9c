package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/test/harness/process"
)

// The processors of the two sides, if they can be separated.
const (
	serverCPU = 0
	loadCPU   = 1
)

// bench is one run of the program.
type bench struct {
	*options
	ctx         context.Context
	out, report io.Writer
	cpu         int // of the servers
	cached, new *corpus.Sessions
}

func newBench(ctx context.Context, o *options, stdout, stderr io.Writer) (*bench, error) {
	b := &bench{options: o, ctx: ctx, out: stdout, report: stderr, cpu: process.AnyCPU,
		cached: corpus.NewSessions(o.sessions, corpus.FirstCached), new: corpus.NewSessions(o.fresh, corpus.FirstNew)}
	if o.pin && runtime.NumCPU() > max(serverCPU, loadCPU) {
		if _, err := process.Pin(loadCPU); err != nil {
			return nil, fmt.Errorf("pin the load generator to CPU %d (-pin=false skips this): %w", loadCPU, err)
		}
		b.cpu = serverCPU
	} else {
		fmt.Fprintln(stdout, "NOT PINNED: the two sides share processors; the figures are unreliable")
	}
	runtime.GOMAXPROCS(1)
	return b, nil
}

func (b *bench) run() error {
	for _, part := range []struct {
		measure func() error
		names   []string
	}{
		{b.measureCached, []string{cachedNoop, cachedNginx}},
		{b.measureBeyond, []string{beyond}},
		{b.measureNew, []string{everyNew, batch}},
		{b.measureLatency, []string{latency}},
		{b.measureFlood, []string{flood}},
		{b.measurePipelines, []string{pipelines}},
		{b.measureUnfinished, []string{unfinished}},
	} {
		if slices.ContainsFunc(part.names, b.wants) {
			if err := part.measure(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) wants(name string) bool { return slices.Contains(b.only, name) }

func (b *bench) log(format string, args ...any) {
	fmt.Fprintf(b.report, "httpcheck: "+format+"\n", args...)
}

// notRun reports a side that cannot be measured here, for the table.
func (b *bench) notRun(side string, why error) {
	fmt.Fprintf(b.out, "NotRun %s: %v\n", side, why)
}

func (b *bench) interrupted() error {
	if b.ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return nil
}

// answerMax bounds the answer to one check, bytes.
const answerMax = 4 << 10

// warmWithin bounds the warm-up requests.
const warmWithin = 10 * time.Second

// warm sends the warm-up requests.
func (b *bench) warm(address string, requests *corpus.Requests) error {
	c, err := load.Dial(address, b.connections, answerMax)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err = c.Run(requests.Through(), warmWithin); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	return nil
}

// gateway starts the gateway.
func (b *bench) gateway() (servers.Server, error) { return servers.Start(servers.Gateway, b.cpu) }

// noop starts a server that gives every request the answer of the gateway to the first request.
func (b *bench) noop(ours servers.Server, requests *corpus.Requests) (servers.Server, error) {
	answer, err := load.Ask(ours.Address(), requests.Through().Next(), answerMax)
	if err != nil {
		return nil, err
	}
	if err := requests.Judge(answer); err != nil {
		return nil, err
	}
	s, err := servers.Start(servers.Noop, b.cpu)
	if err != nil {
		return nil, err
	}
	return s, s.AnswerWith(answer.Body)
}

// shown returns requests with the codes that the cached sessions show now.
func (b *bench) shown(now time.Time) *corpus.Requests {
	return corpus.Singles(b.cached.Codes(now), corpus.Gate, corpus.Allowed)
}
