package publish

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// retry repeats work until it succeeds or ctx ends: an accepted revocation is
// owed for ever. Each attempt has a bound; errFinal, ErrEpoch and
// ErrLease end it. part is for the log.
func (p *Publisher) retry(ctx context.Context, bound time.Duration, part string, work func(context.Context) error) error {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		attempt, cancel := context.WithTimeout(ctx, bound)
		err := work(attempt)
		cancel()
		if err == nil {
			p.outage.Works(part)
		}
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errFinal) || errors.Is(err, ErrEpoch) || errors.Is(err, ErrLease) {
			return err
		}
		p.failed(part, err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// The parts of a publisher, as its log names them; each partition is one more.
const (
	partLease = "lease"     // the publisher's lease in the outbox
	partTopic = "topic"     // making the topic, comparing stream and outbox
	partLog   = "log check" // the look at the ends of the log
)

// failed counts an attempt that failed. It is repeated.
func (p *Publisher) failed(part string, err error) {
	p.mu.Lock()
	p.stats.Failures++
	p.mu.Unlock()
	p.outage.Failed(part, err)
}
