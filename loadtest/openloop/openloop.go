// Package openloop sends work when it is due, independent of earlier work. It is the load
// generator of the load test and of the benchmarks.
//
// It promises that latency counts from the time at which work was due, that at most one
// piece of work per worker is outstanding, that work that was due and never sent is
// reported, and that the same seed draws the same times. It does not know the work and
// does not bound it: each piece must end by itself.
package openloop

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Results of work other than success; any other error is a wrong answer.
var (
	// ErrDeclined means that the other side did not do the work: it answered that it
	// cannot do it now, or did not answer.
	ErrDeclined = errors.New("the work was declined")
	// ErrOver means that no input for further work is left.
	ErrOver = errors.New("the supply of work is used up")
)

// Loop sends arrivals of type A.
type Loop[A any] struct {
	// Workers is the number of arrivals that may be outstanding. An arrival that finds
	// every worker busy is sent late, and its latency counts from when it was due.
	Workers int
	// Until is the time after the start until which arrivals are sent: the length of the
	// run, and a grace for a backlog. Next then still has the remaining arrivals.
	Until time.Duration
	// Next draws the next arrival and its due time; false after the last. Only one
	// goroutine at a time calls it.
	Next func() (a A, due time.Duration, ok bool)
	// Work sends an arrival and returns when it was over; its worker is then free again.
	// Workers call it concurrently, each with its index.
	Work func(worker int, a A, s Sending) (over time.Time)
	// Progress is called once per second; may be nil.
	Progress func(elapsed time.Duration)
}

// Sending records when an arrival was due and when it was sent.
type Sending struct {
	Due, Sent time.Time
	Free      time.Time // when its worker was free to send it
	Awaited   bool      // whether a worker was waiting for it when it became due
}

// Own returns how late the arrival was sent although a worker was free: the generator's
// part of the latency.
func (s Sending) Own() time.Duration {
	if s.Free.After(s.Due) {
		return s.Sent.Sub(s.Free)
	}
	return s.Sent.Sub(s.Due)
}

// Run returns when every arrival was sent and is over, when Until has passed, or when ctx
// has ended. In each case it waits for outstanding work.
func (l *Loop[A]) Run(ctx context.Context, start time.Time) {
	t := &dispatcher{start: start, pacer: newPacer()}
	defer t.pacer.close()
	var workers, progress sync.WaitGroup
	done := make(chan struct{})
	if l.Progress != nil {
		progress.Go(func() { l.report(start, done) })
	}
	for w := range l.Workers {
		workers.Go(func() {
			for free := time.Now(); ; {
				a, s, ok := l.nextArrival(ctx, t)
				if !ok {
					return
				}
				s.Free, s.Sent = free, time.Now()
				free = l.Work(w, a, s)
			}
		})
	}
	workers.Wait()
	close(done)
	progress.Wait()
}

// dispatcher is locked by the one worker that waits for the next arrival.
type dispatcher struct {
	sync.Mutex
	start time.Time
	pacer *pacer
}

// nextArrival waits for the next arrival; false if no further one is to be sent.
func (l *Loop[A]) nextArrival(ctx context.Context, t *dispatcher) (a A, s Sending, ok bool) {
	t.Lock()
	defer t.Unlock()
	if ctx.Err() != nil || time.Since(t.start) > l.Until {
		return a, s, false
	}
	a, due, ok := l.Next()
	if !ok {
		return a, s, false
	}
	s.Due = t.start.Add(due)
	s.Awaited = time.Until(s.Due) > 0
	return a, s, t.pacer.sleepUntil(ctx, s.Due)
}

func (l *Loop[A]) report(start time.Time, done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			l.Progress(now.Sub(start))
		}
	}
}

// maxSleep bounds one sleep, so that an interrupted run ends soon even between rare
// arrivals.
const maxSleep = 50 * time.Millisecond

// sleepUntil sleeps until due; false if the run was interrupted first.
func (p *pacer) sleepUntil(ctx context.Context, due time.Time) bool {
	for {
		left := time.Until(due)
		if ctx.Err() != nil {
			return false
		}
		if left <= 0 {
			return true
		}
		p.sleep(min(left, maxSleep))
	}
}
