package overload

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

func TestLevelFollowsTheWait(t *testing.T) {
	var g Gauge
	for _, c := range []struct {
		wait time.Duration
		want Level
	}{
		{0, Calm}, {499 * time.Microsecond, Calm}, {500 * time.Microsecond, Busy}, {99 * time.Millisecond, Busy},
		{100 * time.Millisecond, Full}, {399 * time.Millisecond, Full}, {400 * time.Millisecond, Over}, {time.Minute, Over}, {0, Calm},
	} {
		g.busyPeriods = 0
		if g.set(c.wait); g.Level() != c.want || g.Wait() != c.wait {
			t.Errorf("a wait of %v is %v", c.wait, g.Level())
		}
	}
}

// The delays of Busy must not let a flood resume at once. The 503 answers of Full and
// Over must end with their cause, since they affect honest gates.
func TestBusyOutlastsItsCauseAndFullDoesNot(t *testing.T) {
	var g Gauge
	g.set(time.Second)
	for i := range int(busyHold / period) {
		if g.set(0); g.Level() != Busy {
			t.Fatalf("%v in period %d after the wait was over", g.Level(), i)
		}
	}
	if g.set(0); g.Level() != Calm {
		t.Errorf("the level stays at %v", g.Level())
	}
}

func TestWaitIsTheNinetiethPercentile(t *testing.T) {
	h := &metrics.Float64Histogram{Buckets: []float64{0, 0.001, 0.01, 0.1}, Counts: []uint64{1000, 5, 0}}
	before := []uint64{1000, 5, 0}
	if w, n := quantile(h, before); w != 0 || n != 0 {
		t.Errorf("wait %v of %d waits without any wait, want 0", w, n)
	}
	h.Counts = []uint64{1090, 15, 0} // 90 of 100 in the first bucket
	if w, n := quantile(h, before); w != time.Millisecond || n != 100 {
		t.Errorf("wait %v, want the end of the first bucket", w)
	}
	h.Counts = []uint64{1000, 5, 20}
	if w, _ := quantile(h, before); w != 10*time.Millisecond {
		t.Errorf("wait %v, want the beginning of the last bucket", w)
	}
	h.Counts = []uint64{1001, 5, 1}
	if w, n := quantile(h, before); w != 10*time.Millisecond || n != 2 {
		t.Errorf("wait %v of %d, want the longer of two", w, n)
	}
}

// More work than processors, in short turns: runnable goroutines wait, and the level
// rises; it falls again when the work ends.
func TestShortTurnsRaiseTheLevel(t *testing.T) {
	expectLevel(t, 200, Busy, func(busy context.Context) {
		for busy.Err() == nil {
			for began := time.Now(); time.Since(began) < 50*time.Microsecond; {
			}
			runtime.Gosched()
		}
	})
}

// Goroutines that never yield are preempted after 10 ms: a period then has few
// recorded waits, and all of them are long.
func TestLongSlicesRaiseTheLevel(t *testing.T) {
	expectLevel(t, 50, Full, func(busy context.Context) {
		for began := time.Now(); busy.Err() == nil && time.Since(began) < time.Minute; {
		}
	})
}

// expectLevel runs do in each goroutines per processor until the level is reached,
// then stops them and expects the level to become calm.
func expectLevel(t *testing.T, each int, level Level, do func(busy context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var g Gauge
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	reaches := func(want func(Level) bool, what string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !want(g.Level()); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the level never became %s: %v, wait %v", what, g.Level(), g.Wait())
			}
		}
	}
	busy, stop := context.WithCancel(ctx)
	for range each * runtime.GOMAXPROCS(0) {
		running.Go(func() { do(busy) })
	}
	reaches(func(l Level) bool { return l >= level }, level.String())
	stop()
	reaches(func(l Level) bool { return l == Calm }, "calm again")
	cancel()
	running.Wait()
}
