package database

import (
	"context"
	"errors"
	"sync"
)

// Bounds of a group.
const (
	// groupBatch is the most calls in one run. Our choice: a larger run takes longer and
	// saves little.
	groupBatch = 32
	// groupQueue bounds the waiting calls. It is above the HTTP server's limit of
	// concurrent requests, so only a mistake fills it.
	groupQueue = 4096
)

// ErrGroupFull reports that too many calls wait.
var ErrGroupFull = errors.New("database: too many calls wait")

// Group lets concurrent calls share one trip to the database: a round trip, a transaction, a
// write to disk. A call runs immediately if no batch is in progress; calls that arrive
// meanwhile form the next batch. The alternative is a transaction for each call.
type Group[T any] struct {
	run func(ctx context.Context, calls []*T) error

	mu      sync.Mutex
	waiting []*grouped[T] // guarded by mu
	leading bool          // guarded by mu; a batch is in progress
}

// grouped is a call of Do, waiting for its batch.
type grouped[T any] struct {
	call *T
	told chan bool // true: lead the next run; false: done
	err  error     // written before false is sent
}

// NewGroup makes a group. run handles 1 to 32 calls and writes each result into its call; an
// error of run is the error of all.
func NewGroup[T any](run func(ctx context.Context, calls []*T) error) *Group[T] {
	return &Group[T]{run: run}
}

// Do runs a call in a batch. Once the batch has started, Do waits for its end, since the
// result would be lost otherwise; run must bound that time.
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

// leave removes a call whose batch has not started; it reports whether it could.
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

// lead runs a batch of the waiting calls, its own call among them, and passes the lead on.
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
	defer func() { // also when run panics: the other calls must return
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
	// The other calls must not fail because this caller is gone.
	err = g.run(context.WithoutCancel(ctx), calls)
}
