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

// backgroundMax bounds a load beside the gate; a phase is far shorter.
const backgroundMax = 10 * time.Minute

// declinedPause keeps clients who are declined from having the one processor to
// themselves: a PostgreSQL that is told to go was runnable and not run for minutes.
const declinedPause = 20 * time.Millisecond

// background keeps the issuance side busy, closed loop: applications, checks with
// openings, and codes, a third of the connections each. Whoever is declined
// tries again after a moment, far sooner than an app that heeds Retry-After.
type background struct {
	end  context.CancelFunc
	wait sync.WaitGroup
	once sync.Once

	began time.Time
	mu    sync.Mutex
	did   measure.Result
	err   error
}

// compute hashes until it is told to end, on one processor, and touches nothing else.
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
		l := lineOf(name)
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

// stop ends it and tells what it did, or the wrong answer that it got. It may be
// called again.
func (b *background) stop() (measure.Result, error) {
	b.end()
	b.wait.Wait()
	b.once.Do(func() { b.did.Took = time.Since(b.began) })
	return b.did, b.err
}

func lineOf(name string) *line {
	for i := range lines {
		if lines[i].name == name {
			return &lines[i]
		}
	}
	panic("BUG: no line is called " + name)
}
