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
	// outageCalm is how long all must have worked before an outage is over, so that
	// failures that come and go are one outage.
	outageCalm = 3 * time.Second
)

// Outage makes few log lines of many equal failures of one component's calls to the
// brokers, and remembers their cause for status pages and metrics.
//
// It begins with the first failure. It is over when every part that failed works
// again and no call has failed for 3 s. However many calls fail, it gets one line when
// it begins, one for each minute that it lasts, and one when it is over.
//
// It is safe for concurrent use.
type Outage struct {
	// immutable
	log          *zap.Logger
	fails, works string // the messages

	open atomic.Bool // an outage has begun and is not over

	mu       sync.Mutex
	failing  map[string]struct{} // the parts whose last call failed
	since    time.Time           // of the first failure
	last     time.Time           // of the newest failure
	logged   time.Time           // of the newest line
	failures uint64
	cause    string
}

// NewOutage prepares one with the messages of its lines: fails while an outage lasts,
// works when it is over.
func NewOutage(log *zap.Logger, fails, works string) *Outage {
	return &Outage{log: log, fails: fails, works: works, failing: make(map[string]struct{})}
}

// Failed notes that a call of a part failed. A component has few parts, and gives
// them the same names each time.
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

// Works notes that a call of a part succeeded. Without an outage it costs one load.
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

// Forget ends an outage without a line, for a component that calls no more.
func (o *Outage) Forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.failing)
	o.open.Store(false)
}

// State says since when calls have failed, and the newest cause. cause is empty if
// the last call of every part succeeded.
func (o *Outage) State() (since time.Time, cause string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		return time.Time{}, ""
	}
	return o.since, o.cause
}

// Wait waits for d between two calls to the brokers, not at all if d is not above zero.
// false: ctx has ended.
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
