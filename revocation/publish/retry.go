package publish

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// retry repeats work until it succeeds or ctx ends: an accepted revocation is
// owed for ever. Each attempt has a bound; errFinal, ErrEpoch and
// ErrLease end it.
func (p *Publisher) retry(ctx context.Context, bound time.Duration, what string, work func(context.Context) error) error {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		attempt, cancel := context.WithTimeout(ctx, bound)
		err := work(attempt)
		cancel()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errFinal) || errors.Is(err, ErrEpoch) || errors.Is(err, ErrLease) {
			return err
		}
		p.failed(what, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// failed counts an attempt that failed and says so.
func (p *Publisher) failed(what string, err error) {
	p.mu.Lock()
	p.stats.Failures++
	p.mu.Unlock()
	p.Log.Warn("cannot "+what+"; trying again", zap.String("topic", p.Topic.Name), zap.Error(err))
}
