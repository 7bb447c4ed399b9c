package main

import (
	"context"
	"crypto/sha512"
	"errors"
	"sync"
	"time"

	"github.com/railgate/railgate/bench/issuance/drive"
)

// backloadMax bounds a load beside the gate; a phase is far shorter.
const backloadMax = 10 * time.Minute

// declinedPause keeps clients who are declined from having the one processor to
// themselves: a PostgreSQL that is told to go was runnable and not run for minutes.
const declinedPause = 20 * time.Millisecond

// backload keeps the issuance side busy, closed loop: applications, checks with
// openings, and codes, a third of the connections each. Whoever is declined
// tries again after a moment, far sooner than an app that heeds Retry-After.
type backload struct {
	end  context.CancelFunc
	wait sync.WaitGroup
	once sync.Once

	began time.Time
	mu    sync.Mutex
	did   backloadResult
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

type backloadResult struct {
	done, declined int
	declination    error
	took           time.Duration
}

func (r backloadResult) rate() float64         { return float64(r.done) / r.took.Seconds() }
func (r backloadResult) declinedRate() float64 { return float64(r.declined) / r.took.Seconds() }

func startBackload(ctx context.Context, c *crowd, connections int) *backload {
	ctx, end := context.WithCancel(ctx)
	b := &backload{end: end, began: time.Now()}
	for _, name := range []string{"applications", "checked-hosted", "codes"} {
		l := lineOf(name)
		b.wait.Go(func() {
			errand := l.errandOf(c)
			r, err := drive.Closed(ctx, backloadMax, max(1, connections/3), func(worker int) error {
				err := errand(worker)
				if errors.Is(err, drive.ErrDeclined) {
					select {
					case <-time.After(declinedPause):
					case <-ctx.Done():
					}
				}
				return err
			})
			b.mu.Lock()
			defer b.mu.Unlock()
			b.did.done += r.Done
			b.did.declined += r.Declined
			b.did.declination = errors.Join(b.did.declination, r.Declination)
			b.err = errors.Join(b.err, err)
		})
	}
	return b
}

// stop ends it and tells what it did, or the wrong answer that it got. It may be
// called again.
func (b *backload) stop() (backloadResult, error) {
	b.end()
	b.wait.Wait()
	b.once.Do(func() { b.did.took = time.Since(b.began) })
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
