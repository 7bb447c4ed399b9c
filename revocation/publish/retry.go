package publish

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// retry repeats work until it succeeds or ctx ends, because an accepted revocation must be published. Each
// attempt has a timeout; errFinal, [ErrEpoch] and [ErrLease] end the retries. part is for the log.
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

// The parts of a publisher, as named in its log; each partition is one more part.
const (
	partLease = "lease"     // the publisher's lease in the outbox
	partTopic = "topic"     // creating the topic, comparing stream and outbox
	partLog   = "log check" // checking the ends of the log
)

// failed counts a failed attempt. It is repeated.
func (p *Publisher) failed(part string, err error) {
	p.mu.Lock()
	p.stats.Failures++
	p.mu.Unlock()
	p.outage.Failed(part, err)
}
