package database

import (
	"context"
	"errors"
	"sync"
)

// Bounds of a group.
const (
	// groupBatch is the most calls that one run takes: beyond it a run gets longer
	// and saves little.
	groupBatch = 32
	// groupQueue bounds the calls that wait. It is above what the HTTP server serves
	// at once, so only a mistake fills it.
	groupQueue = 4096
)

// ErrGroupFull says that too many calls wait.
var ErrGroupFull = errors.New("database: too many calls wait")

// Group lets calls that wait at the same moment share one trip to the database:
// a round trip, a transaction, a write to disk. Nobody waits for company: a call
// that finds nobody at work goes at once, and whoever comes while it is away goes
// with the next. Its rival is a transaction for each call.
type Group[T any] struct {
	run func(ctx context.Context, calls []*T) error

	mu      sync.Mutex
	waiting []*grouped[T] // mu
	leading bool          // mu; somebody is away
}

// grouped is a call and how it learns of its end.
type grouped[T any] struct {
	call *T
	told chan bool // true: lead the next run; false: done
	err  error     // written before false is sent
}

// NewGroup makes a group. run does the work of 1 to 32 calls and writes what
// became of each into it; its error is the error of all.
func NewGroup[T any](run func(ctx context.Context, calls []*T) error) *Group[T] {
	return &Group[T]{run: run}
}

// Do has a call done. Once it is under way it is waited for, since nobody else
// would know what became of it; run bounds that.
func (g *Group[T]) Do(ctx context.Context, call *T) error {
	me := &grouped[T]{call: call, told: make(chan bool, 1)}
	g.mu.Lock()
	if len(g.waiting) >= groupQueue {
		g.mu.Unlock()
		return ErrGroupFull
	}
	g.waiting = append(g.waiting, me)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	if !lead {
		select {
		case lead = <-me.told:
		case <-ctx.Done():
			if g.leave(me) {
				return ctx.Err()
			}
			lead = <-me.told
		}
	}
	if lead {
		g.lead(ctx, me)
	}
	return me.err
}

// leave takes a call back that is not under way yet, unless it was told already.
func (g *Group[T]) leave(me *grouped[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == me && len(me.told) == 0 {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead runs what waits, the leader's own call first, and passes the lead on.
func (g *Group[T]) lead(ctx context.Context, me *grouped[T]) {
	g.mu.Lock()
	n := min(len(g.waiting), groupBatch)
	batch := append([]*grouped[T](nil), g.waiting[:n]...)
	g.waiting = append(g.waiting[:0], g.waiting[n:]...)
	g.mu.Unlock()
	calls := make([]*T, n)
	for i, w := range batch {
		calls[i] = w.call
	}
	err := errors.New("database: a group's run did not return")
	defer func() { // also when run panics: the others must hear of it
		g.mu.Lock()
		if g.leading = len(g.waiting) > 0; g.leading {
			g.waiting[0].told <- true
		}
		g.mu.Unlock()
		for _, w := range batch {
			w.err = err
			if w != me {
				w.told <- false
			}
		}
	}()
	// The others must not fail because this caller goes away.
	err = g.run(context.WithoutCancel(ctx), calls)
}
