package loadtest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Run prepares and runs one load test and reports what it measured. What is
// being done, and one line per second, is written to progress.
//
// If ctx ends during the run, the result says what was measured until then and
// that it was interrupted. Wrong verdicts, failed requests and unmet supply
// are in the result, see Result.Clean; an error means that there was no run.
func Run(ctx context.Context, c Config, progress io.Writer) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	gate, err := newGate(c.Target.Gateway, c.Target.Device, c.Scope)
	if err != nil {
		return nil, err
	}
	stock, revocation, err := prepare(ctx, &c, gate, progress)
	if err != nil {
		return nil, err
	}
	r := newRunner(&c, gate, stock)
	defer r.pacer.close()
	r.run(ctx, progress)
	return r.result(ctx.Err() != nil, revocation), nil
}

// runner sends what the schedule draws.
type runner struct {
	config *Config
	gate   *gate
	stock  *stock
	tally  *tally
	begun  time.Time

	turn     sync.Mutex // guards what follows: one worker at a time waits for the next arrival
	schedule *Schedule
	pacer    *pacer
	unmet    int64
}

func newRunner(c *Config, gate *gate, s *stock) *runner {
	return &runner{config: c, gate: gate, stock: s, tally: newTally(), schedule: c.schedule(), pacer: newPacer()}
}

func (r *runner) run(ctx context.Context, progress io.Writer) {
	r.begun = time.Now()
	var workers, reporter sync.WaitGroup
	for range r.config.Connections {
		workers.Go(func() { r.work(ctx) })
	}
	done := make(chan struct{})
	reporter.Go(func() { r.report(progress, done) })
	workers.Wait()
	close(done)
	reporter.Wait()
}

// work is one connection: it waits for the next arrival, sends it, waits for
// the answer. An arrival that finds every connection busy is taken late, and
// its latency counts from when it was due.
func (r *runner) work(ctx context.Context) {
	asker := r.gate.asker()
	defer asker.close()
	for {
		a, ok := r.next(ctx)
		if !ok {
			return
		}
		sent := time.Now()
		shot := r.stock.make(a, sent)
		got, err := asker.ask(&shot.code)
		r.tally.add(outcome{
			shot: &shot, due: r.begun.Add(a.Due), sent: sent, done: time.Now(),
			got: got, err: err, warm: a.Due < r.config.Warmup,
		})
	}
}

// next waits for the next arrival; false when there is none left, when the
// grace after the last is over, or when the run was interrupted.
func (r *runner) next(ctx context.Context) (Arrival, bool) {
	r.turn.Lock()
	defer r.turn.Unlock()
	if ctx.Err() != nil {
		return Arrival{}, false
	}
	a, ok := r.schedule.Next()
	if !ok {
		return Arrival{}, false
	}
	if time.Since(r.begun) > r.config.run()+SendGrace {
		left, _ := r.schedule.Count()
		r.unmet += int64(left) + 1
		return Arrival{}, false
	}
	return a, r.pacer.until(ctx, r.begun.Add(a.Due))
}

// report writes one line per second until done.
func (r *runner) report(progress io.Writer, done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := int64(0)
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			m := r.tally.moment()
			answered := m.warm + m.checks
			note := ""
			if m.checks == 0 {
				note = "  (warming up)"
			}
			fmt.Fprintf(progress, "%4.0fs  sent %d  %d/s  p50 %v  p99 %v  wrong %d  errors %d%s\n",
				now.Sub(r.begun).Seconds(), answered, answered-last, pretty(int64(m.p50)), pretty(int64(m.p99)), m.wrong, m.failed, note)
			last = answered
		}
	}
}
