package publish

import (
	"context"
	"time"

	"go.uber.org/zap"
)

const (
	// leasePoll is how often a publisher that stands by asks for the lease.
	leasePoll = time.Second
	// renewEvery leaves room for two failures before a lease ends; it bounds one
	// renewal, too.
	renewEvery = LeaseTime / 3
)

// renew takes or renews the lease. until is a moment at which it has not ended
// yet; zero: another publisher has it.
func (p *Publisher) renew(ctx context.Context) (until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	asked := time.Now() // the outbox counts from later on, by its own clock: ours ends first
	leading, err := p.Outbox.Lead(ctx)
	if err != nil || !leading {
		return time.Time{}, err
	}
	return asked.Add(LeaseTime), nil
}

// awaitLease returns when this publisher has the lease. ok is false if ctx ends first.
func (p *Publisher) awaitLease(ctx context.Context) (ok bool) {
	said := false
	for ctx.Err() == nil {
		until, err := p.renew(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			p.failed(partLease, err)
		case !until.IsZero():
			p.outage.Works(partLease)
			p.setLeading(true)
			if said {
				p.Log.Info("this publisher took over")
			}
			return true
		case err == nil && !said:
			said = true
			p.outage.Forget() // publishing is the other's work now
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

// holding runs work while the lease is renewed, and ends work's context when the
// lease is lost: when it was given to another, or when renewing has failed for
// so long that it may have been. until is when the present one ends; zero: only
// the outbox's word counts, and failures do not, as while a restatement keeps the
// database from answering. That is no danger: what an old leader still does, the
// epoch fences off.
func (p *Publisher) holding(ctx context.Context, until time.Time, work func(context.Context) error) error {
	held, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer end()
		p.hold(held, until)
	}()
	err := work(held)
	end()
	<-done
	return err
}

// hold renews the lease until ctx ends or the lease is lost.
func (p *Publisher) hold(ctx context.Context, until time.Time) {
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

// resign lets another publisher begin at once. It has its own bound: it is
// called when the publisher's context has ended.
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
