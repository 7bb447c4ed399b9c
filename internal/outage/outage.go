// Package outage makes few log lines of many equal failures, and remembers their
// cause for status pages and metrics.
//
// An outage begins with the first failure. It is over when every part that failed
// works again and no call has failed for Calm. However many calls fail, it gets one
// line when it begins, one for each Every that it lasts, and one when it is over.
package outage

import (
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// Every is the time between two lines of one outage.
	Every = time.Minute
	// Calm is how long all must have worked before an outage is over, so that
	// failures that come and go are one outage.
	Calm = 3 * time.Second
)

// Log follows the calls of one component. It is safe for concurrent use.
type Log struct {
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

// New prepares a log with the messages of its lines: fails while an outage lasts,
// works when it is over.
func New(log *zap.Logger, fails, works string) *Log {
	return &Log{log: log, fails: fails, works: works, failing: make(map[string]struct{})}
}

// Failed notes that a call of a part failed. A component has few parts, and gives
// them the same names each time.
func (l *Log) Failed(part string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	begins := !l.open.Swap(true)
	if begins {
		l.since, l.failures = now, 0
	}
	l.failures++
	l.last, l.cause = now, err.Error()
	l.failing[part] = struct{}{}
	if !begins && now.Sub(l.logged) < Every {
		return
	}
	l.logged = now
	l.log.Warn(l.fails, zap.String("part", part), zap.Time("since", l.since), zap.Uint64("failures", l.failures), zap.Error(err))
}

// Works notes that a call of a part succeeded. Without an outage it costs one load.
func (l *Log) Works(part string) {
	if !l.open.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failing, part)
	if !l.open.Load() || len(l.failing) > 0 || time.Since(l.last) < Calm {
		return
	}
	l.open.Store(false)
	l.log.Info(l.works, zap.Duration("lasted", l.last.Sub(l.since)), zap.Uint64("failures", l.failures))
}

// Forget ends an outage without a line, for a component that calls no more.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.failing)
	l.open.Store(false)
}

// State says since when calls have failed, and the newest cause. cause is empty if
// the last call of every part succeeded.
func (l *Log) State() (since time.Time, cause string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failing) == 0 {
		return time.Time{}, ""
	}
	return l.since, l.cause
}
