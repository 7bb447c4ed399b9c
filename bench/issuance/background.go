package main

import (
	"context"
	"crypto/sha512"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/loadtest/openloop"
)

// backgroundMax bounds the background load; a phase is far shorter.
const backgroundMax = 10 * time.Minute

// declinedPause limits clients whose requests are declined. Without it they take all of the only
// processor: a PostgreSQL that was told to stop was runnable and not run for minutes.
const declinedPause = 20 * time.Millisecond

// background is a closed-loop load on the issuance side: applications, checks with sessions, and
// codes, each on a third of the connections. A declined client tries again after a short pause, far
// sooner than an app that follows Retry-After.
type background struct {
	end  context.CancelFunc
	wait sync.WaitGroup
	once sync.Once

	began time.Time
	mu    sync.Mutex
	did   measure.Result
	err   error
}

// compute hashes on one processor until end is called, and uses no other resource.
func compute() (end func()) {
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		var block [64 << 10]byte
		for {
			select {
			case <-stop:
				return
			default:
				sum := sha512.Sum512(block[:])
				copy(block[:], sum[:])
			}
		}
	})
	return func() { close(stop); wait.Wait() }
}

func startBackground(ctx context.Context, u *users, connections int) *background {
	ctx, end := context.WithCancel(ctx)
	b := &background{end: end, began: time.Now()}
	for _, name := range []string{"applications", "checked-hosted", "codes"} {
		l := workloadOf(name)
		b.wait.Go(func() {
			send := l.work(u)
			r, err := measure.Closed(ctx, backgroundMax, max(1, connections/3), func(worker int) error {
				err := send(worker)
				if errors.Is(err, openloop.ErrDeclined) {
					select {
					case <-time.After(declinedPause):
					case <-ctx.Done():
					}
				}
				return err
			})
			b.mu.Lock()
			defer b.mu.Unlock()
			b.did.Done += r.Done
			b.did.Declined += r.Declined
			b.did.Declination = errors.Join(b.did.Declination, r.Declination)
			b.err = errors.Join(b.err, err)
		})
	}
	return b
}

// stop ends the load and returns its result, or the error of a wrong answer. It may be called more
// than once.
func (b *background) stop() (measure.Result, error) {
	b.end()
	b.wait.Wait()
	b.once.Do(func() { b.did.Took = time.Since(b.began) })
	return b.did, b.err
}

func workloadOf(name string) *workload {
	for i := range workloads {
		if workloads[i].name == name {
			return &workloads[i]
		}
	}
	panic("BUG: no workload is named " + name)
}
