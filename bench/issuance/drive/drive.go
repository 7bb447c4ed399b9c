// Package drive sends errands: closed, each worker one after the other, which
// finds what the other side can do; or open, when they are due, whatever became
// of earlier ones, which finds how long they take.
//
// It promises that time counts from the moment an errand was due, that what was
// due and not done is told, and that the first wrong answer ends the round. It
// does not know what an errand is, and bounds none: each must end by itself.
package drive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Errand is one piece of work of one worker, counted from 0. nil: done, and the
// answer was right; ErrDeclined and ErrOver mean what they say; anything else is
// a wrong answer. Many workers call it at once.
type Errand func(worker int) error

var (
	// ErrDeclined is work that the other side did not do: it answered that it
	// cannot now, or did not answer.
	ErrDeclined = errors.New("the work was declined")
	// ErrOver says that nothing is left to ask for.
	ErrOver = errors.New("the supply of work is used up")
)

// Result is what a closed loop did.
type Result struct {
	Done, Declined int
	Took           time.Duration // to the last answer, which comes a little after the end
	Declination    error         // the first
}

// Rate is done errands per second.
func (r Result) Rate() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Done) / r.Took.Seconds()
}

// Closed keeps every worker busy for so long, until the supply is used up, or
// until ctx ends. It ends at the first wrong answer and returns it.
func Closed(ctx context.Context, length time.Duration, workers int, errand Errand) (Result, error) {
	var done, declined atomic.Int64
	var all sync.WaitGroup
	var fault, declination once
	start := time.Now() // before the bound begins, or a round would seem shorter than it
	ctx, stop := context.WithTimeout(ctx, length)
	defer stop()
	for w := range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				switch err := errand(w); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, ErrOver):
					return
				case errors.Is(err, ErrDeclined):
					declined.Add(1)
					declination.set(err)
				default:
					fault.set(err)
					stop()
				}
			}
		})
	}
	all.Wait()
	return Result{int(done.Load()), int(declined.Load()), time.Since(start), declination.get()}, fault.get()
}

// Each does n errands by so many workers, as fast as they go, and within the
// bound. It is for preparing: what is declined is an error too.
func Each(ctx context.Context, within time.Duration, n, workers int, errand func(i int) error) error {
	var next atomic.Int64
	r, err := Closed(ctx, within, workers, func(int) error {
		i := int(next.Add(1) - 1)
		if i >= n {
			return ErrOver
		}
		return errand(i)
	})
	switch {
	case err != nil:
		return err
	case r.Declined > 0:
		return fmt.Errorf("%d of %d were declined, the first: %w", r.Declined, n, r.Declination)
	case r.Done < n && ctx.Err() != nil:
		return ctx.Err()
	case r.Done < n:
		return fmt.Errorf("only %d of %d were done within %v", r.Done, n, within)
	}
	return nil
}

// once keeps the first error.
type once struct {
	mu  sync.Mutex
	err error
}

func (o *once) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

func (o *once) get() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
