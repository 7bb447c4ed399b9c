package drive

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Grace is how long after the end a backlog may still be sent off: errands due
// in the last instant are not unmet for being last.
const Grace = 2 * time.Second

// Pace is one round of an open loop.
type Pace struct {
	Rate    float64 // errands per second, above 0
	Length  time.Duration
	Workers int    // errands at once
	Seed    uint64 // of the moments; the same seed draws the same ones
}

// Outcome is what became of a round.
type Outcome struct {
	Due, Done, Declined int
	// Unsent errands found every worker busy until the grace was over, or the
	// supply used up.
	Unsent int
	// Latency is from the moment due to the answer, sorted, of all that were due;
	// an unsent one counts with the time until it was given up.
	Latency []time.Duration
	// Late is from the moment due to the moment sent where a worker was waiting
	// for it, sorted: what this side itself adds.
	Late []time.Duration
	// Declination is the first.
	Declination error
}

// Unmet is what was due and not done.
func (o *Outcome) Unmet() int { return o.Declined + o.Unsent }

// Open sends errands when they are due, moments of a Poisson process, as
// unrelated passengers are. It ends at the first wrong answer and returns it.
//
// Workers sleep until an errand is due, one at a time, and so up to a
// millisecond too long where the system counts in those: Late tells. A loop
// that never sleeps would be exact and take a whole processor from the side
// that is measured.
func Open(ctx context.Context, p Pace, errand Errand) (Outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o := &open{due: arrivals(p), end: p.Length + Grace, stop: stop, errand: errand, start: time.Now()}
	o.out = Outcome{Due: len(o.due), Latency: make([]time.Duration, 0, len(o.due)), Late: make([]time.Duration, 0, len(o.due))}
	var all sync.WaitGroup
	for w := range p.Workers {
		all.Go(func() { o.work(ctx, w) })
	}
	all.Wait()
	for _, due := range o.due {
		o.out.Unsent++
		o.out.Latency = append(o.out.Latency, max(0, time.Since(o.start)-due))
	}
	slices.Sort(o.out.Latency)
	slices.Sort(o.out.Late)
	return o.out, o.fault.get()
}

// open is a round under way.
type open struct {
	start  time.Time
	end    time.Duration // nothing is sent later
	stop   func()
	errand Errand
	fault  once

	turn sync.Mutex // one worker at a time waits for the next moment
	due  []time.Duration

	mu  sync.Mutex
	out Outcome
}

func (o *open) work(ctx context.Context, worker int) {
	for {
		due, late, ok := o.next(ctx)
		if !ok {
			return
		}
		err := o.errand(worker)
		o.tell(due, late, err)
	}
}

// next waits for the next moment; late is -1 if it had passed before anybody
// was free to wait for it.
func (o *open) next(ctx context.Context) (due, late time.Duration, ok bool) {
	o.turn.Lock()
	defer o.turn.Unlock()
	now := time.Since(o.start)
	if len(o.due) == 0 || ctx.Err() != nil || now > o.end {
		return 0, 0, false
	}
	due, late = o.due[0], -1
	if due > now {
		wait := time.NewTimer(due - now)
		defer wait.Stop()
		select {
		case <-ctx.Done():
			return 0, 0, false
		case <-wait.C:
		}
		late = time.Since(o.start) - due
	}
	o.due = o.due[1:]
	return due, late, true
}

func (o *open) tell(due, late time.Duration, err error) {
	took := time.Since(o.start) - due
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out.Latency = append(o.out.Latency, took)
	if late >= 0 {
		o.out.Late = append(o.out.Late, late)
	}
	switch {
	case err == nil:
		o.out.Done++
	case errors.Is(err, ErrOver):
		o.out.Unsent++
	case errors.Is(err, ErrDeclined):
		o.out.Declined++
		if o.out.Declination == nil {
			o.out.Declination = err
		}
	default:
		o.fault.set(err)
		o.stop()
	}
}

func arrivals(p Pace) (due []time.Duration) {
	random := rand.New(rand.NewPCG(p.Seed, 0x69737375696e67))
	gap := float64(time.Second) / p.Rate
	for at := random.ExpFloat64() * gap; at < float64(p.Length); at += random.ExpFloat64() * gap {
		due = append(due, time.Duration(at))
	}
	return due
}
