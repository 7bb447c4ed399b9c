package account

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// hasher does the work of passwords, so much at once and no more.
type hasher struct {
	work    Hashing
	dummy   hash
	maxWait time.Duration
	inside  chan struct{} // who works or waits
	working chan struct{}
	runs    atomic.Uint64 // how many hashings were begun
}

func newHasher(work Hashing) *hasher {
	return &hasher{
		work: work, dummy: dummyHash(work), maxWait: work.maxWait(),
		inside:  make(chan struct{}, work.concurrent()+work.waiting()),
		working: make(chan struct{}, work.concurrent()),
	}
}

var errBusy = problem.New(Busy, "too many passwords are being checked at once; nothing was changed")

// turn runs one hashing when its turn comes.
func (h *hasher) turn(ctx context.Context, run func()) error {
	select {
	case h.inside <- struct{}{}:
		defer func() { <-h.inside }()
	default:
		return errBusy
	}
	wait := time.NewTimer(h.maxWait)
	defer wait.Stop()
	select {
	case h.working <- struct{}{}:
		defer func() { <-h.working }()
	case <-wait.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
	h.runs.Add(1)
	run()
	return nil
}

// hash makes the hash of a new password.
func (h *hasher) hash(ctx context.Context, password string) (text string, err error) {
	err = h.turn(ctx, func() { text = newHash(h.work, password).String() })
	return text, err
}

// matches compares a password with a hash; with an empty text it does the same
// work and the answer is no.
func (h *hasher) matches(ctx context.Context, text, password string) (yes, stale bool, err error) {
	against := h.dummy
	if text != "" {
		if against, err = parseHash(text); err != nil {
			return false, false, err
		}
	}
	err = h.turn(ctx, func() { yes = against.is(password) })
	return yes && text != "", against.stale(h.work), err
}
