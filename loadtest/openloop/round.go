package openloop

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Grace is how long after the end of a [Round] a backlog may still be sent: work due in
// the last instant is not unmet for that reason.
const Grace = 2 * time.Second

// Round is work of one kind, due at given times.
type Round struct {
	Due     []time.Duration // see [Arrivals.All]
	Length  time.Duration
	Workers int
}

// Outcome is the result of a round.
type Outcome struct {
	Due, Done, Declined int
	// Unsent work found every worker busy until the grace was over, or no input left.
	Unsent int
	// Latency is from due to answer, sorted, of all due work; unsent work counts with the
	// time until the end of the round.
	Latency []time.Duration
	// Late is from due to sent, sorted, for arrivals that a worker was waiting for: the
	// generator's own lateness.
	Late []time.Duration
	// First is the first error of the round.
	First error
}

// NewOutcome returns the outcome of work of which nothing is sent yet.
func NewOutcome(due []time.Duration) Outcome {
	return Outcome{Due: len(due), Latency: make([]time.Duration, 0, len(due)), Late: make([]time.Duration, 0, len(due))}
}

// Unmet returns the amount of work that was due and not done.
func (o *Outcome) Unmet() int { return o.Declined + o.Unsent }

// Fault stores the first error.
func (o *Outcome) Fault(err error) {
	if o.First == nil {
		o.First = err
	}
}

// GiveUp counts the work left at the end.
func (o *Outcome) GiveUp(left []time.Duration, now time.Duration) {
	o.Unsent += len(left)
	for _, due := range left {
		o.Latency = append(o.Latency, max(0, now-due))
	}
}

// Sort sorts the durations at the end of a round.
func (o *Outcome) Sort() {
	slices.Sort(o.Latency)
	slices.Sort(o.Late)
}

// Run sends the work when it is due. It ends at the first wrong answer and returns its error.
func (r Round) Run(ctx context.Context, work func(worker int) error) (Outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o, left := NewOutcome(r.Due), r.Due
	var mu sync.Mutex // o and wrong
	var wrong error
	loop := Loop[time.Duration]{Workers: r.Workers, Until: r.Length + Grace,
		Next: func() (due, at time.Duration, ok bool) {
			if len(left) == 0 {
				return 0, 0, false
			}
			due, left = left[0], left[1:]
			return due, due, true
		},
		Work: func(worker int, _ time.Duration, s Sending) time.Time {
			err := work(worker)
			over := time.Now()
			mu.Lock()
			defer mu.Unlock()
			if !o.add(s, over, err) && wrong == nil {
				wrong = err
				stop()
			}
			return over
		}}
	start := time.Now()
	loop.Run(ctx, start)
	o.GiveUp(left, time.Since(start))
	o.Sort()
	return o, wrong
}

// add counts one piece of work, and reports whether its answer was right.
func (o *Outcome) add(s Sending, over time.Time, err error) (right bool) {
	o.Latency = append(o.Latency, over.Sub(s.Due))
	if s.Awaited {
		o.Late = append(o.Late, s.Sent.Sub(s.Due))
	}
	switch {
	case err == nil:
		o.Done++
	case errors.Is(err, ErrOver):
		o.Unsent++
	case errors.Is(err, ErrDeclined):
		o.Declined++
		o.Fault(err)
	default:
		return false
	}
	return true
}

// Quantile returns a quantile of sorted durations; 0 if there are none. q is in (0, 1].
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.999999) // the smallest rank that covers q
	return sorted[min(max(rank, 1), len(sorted))-1]
}
