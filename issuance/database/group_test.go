package database

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

type double struct{ in, out int }

func doubled(_ context.Context, calls []*double) error {
	for _, c := range calls {
		c.out = 2 * c.in
	}
	return nil
}

// Every caller gets its own answer, with fewer runs than callers.
func TestGroupAnswersEveryCaller(t *testing.T) {
	var runs atomic.Int64
	g := NewGroup(func(ctx context.Context, calls []*double) error {
		runs.Add(1)
		if len(calls) < 1 || len(calls) > groupBatch {
			t.Errorf("a run of %d", len(calls))
		}
		time.Sleep(time.Millisecond) // a round trip, during which other calls arrive
		return doubled(ctx, calls)
	})
	var all sync.WaitGroup
	for n := range 500 {
		all.Go(func() {
			c := double{in: n}
			if err := g.Do(t.Context(), &c); err != nil || c.out != 2*n {
				t.Errorf("%d became %d: %v", n, c.out, err)
			}
		})
	}
	all.Wait()
	if runs.Load() >= 500 || g.leading || len(g.waiting) != 0 {
		t.Fatalf("%d runs for 500 calls; leading %v, %d wait", runs.Load(), g.leading, len(g.waiting))
	}
}

// A failing run fails for its calls only.
func TestGroupErrorIsThatOfAllCalls(t *testing.T) {
	broken := errors.New("broken")
	entered, release := make(chan struct{}), make(chan struct{})
	first := true
	g := NewGroup(func(_ context.Context, calls []*double) error {
		if first {
			first = false
			close(entered)
			<-release
			return nil
		}
		if calls[0].in == 7 {
			return broken
		}
		return nil
	})
	var all sync.WaitGroup
	all.Go(func() { g.Do(t.Context(), &double{}) })
	<-entered
	var failed atomic.Int64
	for n := range 3 {
		all.Go(func() {
			if err := g.Do(t.Context(), &double{in: 7 + 0*n}); errors.Is(err, broken) {
				failed.Add(1)
			}
		})
	}
	waitFor(t, g, 3)
	close(release)
	all.Wait()
	if err := g.Do(t.Context(), &double{}); failed.Load() != 3 || err != nil {
		t.Fatalf("%d of 3 calls failed; the next: %v", failed.Load(), err)
	}
}

// A call that leaves while waiting is removed; a leader that leaves does not cancel the other
// calls; after a panic of run no call waits.
func TestGroupSurvivesCancelAndPanic(t *testing.T) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	var ran atomic.Int64
	g := NewGroup(func(ctx context.Context, calls []*double) error {
		if ctx.Err() != nil {
			t.Error("a run was cancelled by one caller")
		}
		ran.Add(int64(len(calls)))
		if calls[0].in == 13 {
			panic("bad luck")
		}
		if calls[0].in == 1 {
			entered <- struct{}{}
			<-release
		}
		return nil
	})
	leader, cancelLeader := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { g.Do(leader, &double{in: 1}) })
	<-entered
	waiter, cancelWaiter := context.WithCancel(t.Context())
	all.Go(func() {
		if err := g.Do(waiter, &double{in: 2}); !errors.Is(err, context.Canceled) {
			t.Errorf("the call that left got %v", err)
		}
	})
	waitFor(t, g, 1)
	cancelWaiter()
	waitFor(t, g, 0)
	all.Go(func() {
		if err := g.Do(t.Context(), &double{in: 3}); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, g, 1)
	cancelLeader()
	close(release)
	all.Wait()
	if ran.Load() != 2 {
		t.Fatalf("%d calls ran, want the leader's and the third", ran.Load())
	}
	func() {
		defer func() { recover() }()
		g.Do(t.Context(), &double{in: 13})
	}()
	if err := g.Do(t.Context(), &double{in: 3}); err != nil {
		t.Fatalf("after a panic: %v", err)
	}
}

func waitFor[T any](t *testing.T, g *Group[T], waiting int) {
	t.Helper()
	runtest.Eventually(t, 5*time.Second, "callers to wait", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.waiting) == waiting
	})
}
