package loadtest

import (
	"context"
	"fmt"
	"io"
	"runtime"
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
	config    *Config
	gate      *gate
	stock     *stock
	tally     *tally
	begun     time.Time
	processor float64 // share of its processors that this process used in the run

	turn     sync.Mutex // guards what follows: one worker at a time waits for the next arrival
	schedule *Schedule
	pacer    *pacer
	unmet    int64
}

func newRunner(c *Config, gate *gate, s *stock) *runner {
	return &runner{config: c, gate: gate, stock: s, tally: newTally(c.Limits), schedule: c.schedule(), pacer: newPacer()}
}

func (r *runner) run(ctx context.Context, progress io.Writer) {
	r.begun = time.Now()
	before := processorTime()
	var workers, reporter sync.WaitGroup
	for range r.config.Connections {
		workers.Go(func() { r.work(ctx) })
	}
	done := make(chan struct{})
	reporter.Go(func() { r.report(progress, done) })
	workers.Wait()
	used := processorTime() - before
	r.processor = used.Seconds() / time.Since(r.begun).Seconds() / float64(runtime.GOMAXPROCS(0))
	close(done)
	reporter.Wait()
}

// work is one connection: it waits for the next arrival, sends it, waits for
// the answer. An arrival that finds every connection busy is taken late, and
// its latency counts from when it was due.
func (r *runner) work(ctx context.Context) {
	asker := r.gate.asker()
	defer asker.close()
	free := time.Now()
	for {
		a, ok := r.next(ctx)
		if !ok {
			return
		}
		sent := time.Now()
		shot := r.stock.make(a, sent)
		got, err := asker.ask(&shot.code)
		done := time.Now()
		// What is sent after the warm-up is measured, even if it was due before:
		// a gateway that falls behind in the warm-up is measured as well.
		r.tally.add(outcome{
			shot: &shot, due: r.begun.Add(a.Due), sent: sent, done: done, free: free,
			got: got, err: err, warm: sent.Sub(r.begun) < r.config.Warmup,
		})
		free = done
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
			fmt.Fprintf(progress, "%4.0fs  %s\n", now.Sub(r.begun).Seconds(), m.line(m.right-last))
			last = m.right
		}
	}
}
