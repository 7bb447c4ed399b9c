package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// outageLogEvery is the time between two lines of one outage.
	outageLogEvery = time.Minute
	// outageCalm is how long every call must have succeeded before an outage ends, so that intermittent
	// failures are one outage.
	outageCalm = 3 * time.Second
)

// Outage writes few log lines about many equal failures of one component's calls to the brokers, and stores
// their cause for status pages and metrics.
//
// An outage begins with the first failure. It ends when every part that failed works again and no call has
// failed for 3 s. However many calls fail, it has one line when it begins, one for each minute, and one when
// it ends.
//
// Outage is safe for concurrent use.
type Outage struct {
	// immutable
	log          *zap.Logger
	fails, works string // the messages

	open atomic.Bool // an outage has begun and has not ended

	mu       sync.Mutex
	failing  map[string]struct{} // the parts whose newest call failed
	since    time.Time           // of the first failure
	last     time.Time           // of the newest failure
	logged   time.Time           // of the newest line
	failures uint64
	cause    string
}

// NewOutage returns an Outage with the messages of its lines: fails while an outage lasts, works when it
// ends.
func NewOutage(log *zap.Logger, fails, works string) *Outage {
	return &Outage{log: log, fails: fails, works: works, failing: make(map[string]struct{})}
}

// Failed counts a failed call of a part. A component has few parts with fixed names.
func (o *Outage) Failed(part string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	begins := !o.open.Swap(true)
	if begins {
		o.since, o.failures = now, 0
	}
	o.failures++
	o.last, o.cause = now, err.Error()
	o.failing[part] = struct{}{}
	if !begins && now.Sub(o.logged) < outageLogEvery {
		return
	}
	o.logged = now
	o.log.Warn(o.fails, zap.String("part", part), zap.Time("since", o.since), zap.Uint64("failures", o.failures), zap.Error(err))
}

// Works handles a successful call of a part. Without an outage it costs one atomic load.
func (o *Outage) Works(part string) {
	if !o.open.Load() {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.failing, part)
	if !o.open.Load() || len(o.failing) > 0 || time.Since(o.last) < outageCalm {
		return
	}
	o.open.Store(false)
	o.log.Info(o.works, zap.Duration("lasted", o.last.Sub(o.since)), zap.Uint64("failures", o.failures))
}

// Forget ends an outage without a line, for a component that makes no more calls.
func (o *Outage) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.failing)
	o.open.Store(false)
}

// State returns since when calls have failed, and the newest cause. cause is empty if the newest call of
// every part succeeded.
func (o *Outage) State() (since time.Time, cause string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		return time.Time{}, ""
	}
	return o.since, o.cause
}

// Wait waits for d between two calls to the brokers; it does not wait if d is not above zero. It returns
// false if ctx has ended.
func Wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
