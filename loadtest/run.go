package loadtest

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/test/tool"
	"github.com/railgate/railgate/tokens"
)

// Run prepares and runs one load test and returns its result. It writes the steps, and one
// line per second, to progress.
//
// If ctx ends during the run, the result covers the time until then and is marked as
// interrupted. Wrong verdicts, failed requests and unmet supply are in the result, see
// [Result.Clean]; an error means that there was no run.
func Run(ctx context.Context, c Config, progress io.Writer) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r, revocation, err := setUp(ctx, &c, progress)
	if err != nil {
		return nil, err
	}
	r.run(ctx, progress)
	return r.result(ctx.Err() != nil, revocation), nil
}

// runner sends the arrivals of the schedule.
type runner struct {
	config    *Config
	gate      *gate
	second    *gate // where reused codes are shown; nil: at gate
	pool      *pool
	uses      *uses
	mode      passback
	stats     *stats
	begun     time.Time
	processor float64 // share of its processors that this process used in the run
	unmet     int64

	schedule *Schedule
	next     func() (Arrival, bool) // draws from schedule
}

// setUp prepares the run, and returns the latencies of the revocations.
func setUp(ctx context.Context, c *Config, progress io.Writer) (*runner, *hdrhistogram.Histogram, error) {
	first, err := newGate(c.Target.Gateway, c.Target.device(c.Mix), c.Scope)
	if err != nil {
		return nil, nil, err
	}
	var second *gate
	if c.Mix[Reused] > 0 && c.Target.Second != "" {
		if second, err = newGate(c.Target.secondGateway(), c.Target.Second, c.Scope); err != nil {
			return nil, nil, err
		}
		if second.elsewhere = c.Target.SecondGateway != ""; second.elsewhere {
			if err := second.ready(ctx); err != nil {
				return nil, nil, err
			}
		}
	}
	pool, revocation, err := prepare(ctx, c, first, progress)
	if err != nil {
		return nil, nil, err
	}
	mode, err := probe(ctx, first, second, pool)
	if err != nil {
		return nil, nil, err
	}
	if mode == passbackOff && c.Mix[Reused] > 0 {
		return nil, nil, fmt.Errorf("the mix has reused codes, and passback is off at the device or not used for the scope %s: set passback.mode, or leave them out", c.Scope)
	}
	fmt.Fprintf(progress, "passback is %s\n", mode)
	r := &runner{config: c, gate: first, second: second, pool: pool, mode: mode, stats: newStats(c.Limits), schedule: c.schedule()}
	r.next = r.schedule.Next
	return r, revocation, nil
}

// run sends all arrivals. Each worker is one connection: an arrival that finds every
// connection busy is sent late, and its latency counts from when it was due.
func (r *runner) run(ctx context.Context, progress io.Writer) {
	clients := make([]gates, r.config.Connections)
	for i := range clients {
		clients[i].first = r.gate.newClient()
		defer clients[i].first.close()
		if r.second != nil {
			clients[i].second = r.second.newClient()
			defer clients[i].second.close()
		}
	}
	answered := int64(0)
	loop := openloop.Loop[Arrival]{
		Workers: len(clients), Until: r.config.run() + SendGrace,
		Next: func() (Arrival, time.Duration, bool) {
			a, ok := r.next()
			return a, a.Due, ok
		},
		Work: func(worker int, a Arrival, s openloop.Sending) time.Time { return r.check(&clients[worker], a, s) },
		Progress: func(elapsed time.Duration) {
			m := r.stats.snapshot()
			fmt.Fprintf(progress, "%4.0fs  %s\n", elapsed.Seconds(), m.line(m.right-answered))
			answered = m.right
		},
	}
	r.begun = time.Now()
	r.uses = newUses(r.mode, r.begun, r.pool.fresh.len(), r.config.Target.SecondGateway != "")
	before, _, _ := tool.Used() // 0 where it is unknown, so Limits.Processor is never exceeded
	loop.Run(ctx, r.begun)
	after, _, _ := tool.Used()
	r.processor = (after - before).Seconds() / time.Since(r.begun).Seconds() / float64(runtime.GOMAXPROCS(0))
	if ctx.Err() == nil {
		left, _ := r.schedule.Count()
		r.unmet = int64(left)
	}
}

// gates are the connections of a worker, which uses one at a time.
type gates struct {
	first  *client
	second *client // nil: reused codes are shown at first
}

// check sends one code and counts its answer. A check sent after the warm-up is measured,
// even if it was due before: a gateway that falls behind in the warm-up is measured as
// well.
func (r *runner) check(a *gates, arrival Arrival, s openloop.Sending) (over time.Time) {
	code := r.pool.sample(arrival, s.Sent)
	client, good := a.first, code.want == tokens.ReasonOK
	x := scan{pass: int(arrival.Which), step: code.step, sent: s.Sent}
	if arrival.Kind == Reused && a.second != nil {
		client, x.second = a.second, true
	}
	if good {
		x = r.uses.begin(x)
	}
	got, err := client.check(&code.token)
	over = time.Now()
	if good {
		if err != nil {
			got = nil
		}
		code.use = r.uses.end(&x, got, over)
	}
	r.stats.add(outcome{Sending: s, sample: &code, over: over, got: got, err: err, warm: s.Sent.Sub(r.begun) < r.config.Warmup})
	return over
}
