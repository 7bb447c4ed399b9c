package publish

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// leasePoll is how often a standby publisher asks for the lease.
	leasePoll = time.Second
	// renewEvery allows for two failed renewals before a lease ends. It also bounds one renewal.
	renewEvery = LeaseTime / 3
)

// renew acquires or renews the lease. The lease has not ended before until; zero: another publisher has the
// lease.
func (p *Publisher) renew(ctx context.Context) (until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	asked := time.Now() // the outbox starts the lease later, by its own clock, so until is early
	leading, err := p.Outbox.Lead(ctx)
	if err != nil || !leading {
		return time.Time{}, err
	}
	return asked.Add(LeaseTime), nil
}

// awaitLease returns when this publisher has the lease. ok is false if ctx ends first.
func (p *Publisher) awaitLease(ctx context.Context) (ok bool) {
	logged := false
	for ctx.Err() == nil {
		until, err := p.renew(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			p.failed(partLease, err)
		case !until.IsZero():
			p.outage.Works(partLease)
			p.setLeading(true)
			if logged {
				p.Log.Info("this publisher took over")
			}
			return true
		case err == nil && !logged:
			logged = true
			p.outage.Forget() // the other publisher does the work now
			p.Log.Info("another publisher has the lease; standing by")
		case err == nil:
			p.outage.Works(partLease)
		}
		select {
		case <-ctx.Done():
		case <-time.After(leasePoll):
		}
	}
	return false
}

// withLease runs work while the lease is renewed, and ends work's context when the lease is lost: when it was
// given to another publisher, or when renewing has failed for so long that this is possible. until is the end
// of the current lease. If until is zero, only the outbox's answer counts and failures do not, for example
// while republishing keeps the database from answering. That is safe: the epoch fences off whatever an old
// leader still does.
func (p *Publisher) withLease(ctx context.Context, until time.Time, work func(context.Context) error) error {
	leased, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer end()
		p.renewUntilLost(leased, until)
	}()
	err := work(leased)
	end()
	<-done
	return err
}

// renewUntilLost renews the lease until ctx ends or the lease is lost.
func (p *Publisher) renewUntilLost(ctx context.Context, until time.Time) {
	strict := !until.IsZero()
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		attempt, cancel := ctx, context.CancelFunc(func() {})
		if strict {
			attempt, cancel = context.WithDeadline(ctx, until)
		}
		renewed, err := p.renew(attempt)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && renewed.IsZero():
			p.Log.Warn("another publisher took the lease; standing by")
			return
		case err == nil:
			until = renewed
			p.outage.Works(partLease)
		case strict && !time.Now().Before(until):
			p.Log.Error("the publisher's lease could not be renewed and has ended", zap.Error(err))
			return
		default:
			p.failed(partLease, err)
		}
	}
}

// resign allows another publisher to begin immediately. It has its own timeout, because it is called when the
// publisher's context has ended.
func (p *Publisher) resign() {
	p.setLeading(false)
	ctx, cancel := context.WithTimeout(context.Background(), renewEvery)
	defer cancel()
	if err := p.Outbox.Resign(ctx); err != nil {
		p.failed(partLease, err)
	}
}

func (p *Publisher) setLeading(leading bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Leading = leading
}
