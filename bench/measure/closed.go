package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Result is the result of a closed loop.
type Result struct {
	Done, Declined int
	Took           time.Duration // to the last answer, shortly after the end
	Declination    error         // the first one
}

// Rate returns the work done per second.
func (r Result) Rate() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Done) / r.Took.Seconds()
}

// Closed keeps every worker busy for a duration, until the work runs out ([openloop.ErrOver]), or
// until ctx ends. It finds the capacity of the other side. It ends at the first wrong answer, which
// is an error other than [openloop.ErrDeclined], and returns it.
func Closed(ctx context.Context, length time.Duration, workers int, work func(worker int) error) (Result, error) {
	var done, declined atomic.Int64
	var all sync.WaitGroup
	var wrong, declination once
	start := time.Now() // before the bound starts: a round must not seem shorter
	ctx, stop := context.WithTimeout(ctx, length)
	defer stop()
	for w := range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				switch err := work(w); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, openloop.ErrOver):
					return
				case errors.Is(err, openloop.ErrDeclined):
					declined.Add(1)
					declination.set(err)
				default:
					wrong.set(err)
					stop()
				}
			}
		})
	}
	all.Wait()
	return Result{int(done.Load()), int(declined.Load()), time.Since(start), declination.err}, wrong.err
}

// Each runs n pieces of work on the given number of workers, as fast as possible and within the
// bound. It is for preparation: a declined piece is an error too.
func Each(ctx context.Context, within time.Duration, n, workers int, work func(i int) error) error {
	var next atomic.Int64
	r, err := Closed(ctx, within, workers, func(int) error {
		i := int(next.Add(1) - 1)
		if i >= n {
			return openloop.ErrOver
		}
		return work(i)
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

// once stores the first error.
type once struct {
	sync.Once
	err error // read after the last set
}

func (o *once) set(err error) { o.Do(func() { o.err = err }) }
