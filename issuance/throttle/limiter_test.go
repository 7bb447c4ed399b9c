package throttle

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/test/harness/runtest"
)

// clock is a clock that tests advance.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()) }
func (c *clock) pass(d time.Duration) { c.ns.Add(int64(d)) }

func limiter(t *testing.T, c LimiterConfig) *Limiter[int] {
	t.Helper()
	l, err := NewLimiter[int](c)
	runtest.Must(t, err)
	return l
}

// allowed makes n attempts with a key and returns the number of allowed ones.
func allowed(t *testing.T, l *Limiter[int], key, n int) (yes int) {
	t.Helper()
	for range n {
		err := l.Allow(key)
		if err == nil {
			yes++
		} else if !problem.Is(err, TooManyRequests) {
			t.Fatal(err)
		}
	}
	return yes
}

func TestBurstIsAllowedThenOneEachInterval(t *testing.T) {
	at := newClock()
	l := limiter(t, LimiterConfig{Each: Rate{3, 10 * time.Second}, Now: at.now})
	if n := allowed(t, l, 1, 5); n != 3 {
		t.Fatalf("%d allowed, want a burst of 3", n)
	}
	if n := allowed(t, l, 2, 5); n != 3 {
		t.Fatalf("%d allowed for another key, want 3", n)
	}
	at.pass(25 * time.Second)
	if n := allowed(t, l, 1, 5); n != 2 {
		t.Fatalf("%d allowed after 25 s, want 2", n)
	}
	at.pass(time.Hour)
	if n := allowed(t, l, 1, 5); n != 3 {
		t.Fatalf("%d allowed after an hour, want the burst of 3", n)
	}
	if c := l.Counts(); c.Allowed != 11 || c.Refused != 9 || c.Keys != 2 || c.Unknown != 0 {
		t.Fatalf("counts: %+v", c)
	}
}

// An attempt at the time of the refusal is allowed, and a second earlier it is not.
func TestRefusalCarriesTheRetryTime(t *testing.T) {
	at := newClock()
	at.pass(300 * time.Millisecond)
	l := limiter(t, LimiterConfig{Each: Rate{1, 10 * time.Second}, Now: at.now})
	allowed(t, l, 1, 1)
	var r *problem.Error
	if !errors.As(l.Allow(1), &r) {
		t.Fatal("no refusal")
	}
	at.pass(time.Unix(r.RetryAt, 0).Sub(at.now()) - time.Second)
	if l.Allow(1) == nil {
		t.Error("allowed a second before the time")
	}
	at.pass(time.Second)
	if err := l.Allow(1); err != nil {
		t.Errorf("refused at the time: %v", err)
	}
}

// A full table deletes no active key: unknown keys share one rate.
func TestFloodOfKeysResetsNoLimit(t *testing.T) {
	at := newClock()
	l := limiter(t, LimiterConfig{Each: Rate{2, time.Minute}, MaxKeys: 100, Unknown: Rate{10, time.Second}, Now: at.now})
	for key := range 100 {
		allowed(t, l, key, 2)
	}
	got := 0
	for key := 100; key < 1000; key++ {
		got += allowed(t, l, key, 1)
	}
	if got != 10 {
		t.Errorf("unknown keys had %d attempts, want the shared 10", got)
	}
	for key := range 100 {
		if l.Allow(key) == nil {
			t.Fatalf("the flood gave key %d a full bucket", key)
		}
	}
	if c := l.Counts(); c.Keys != 100 || c.Unknown != 900 {
		t.Errorf("counts: %+v", c)
	}
	at.pass(2 * time.Minute) // all are idle
	for key := 1000; key < 1100; key++ {
		if n := allowed(t, l, key, 3); n != 2 {
			t.Fatalf("a new key among idle keys had %d attempts, want 2", n)
		}
	}
	if c := l.Counts(); c.Keys != 100 {
		t.Errorf("%d keys, want 100", c.Keys)
	}
}

func TestClockSetBackLocksOutNoKey(t *testing.T) {
	at := newClock()
	l := limiter(t, LimiterConfig{Each: Rate{2, time.Minute}, MaxKeys: 2, Unknown: Rate{1, time.Minute}, Now: at.now})
	allowed(t, l, 1, 5)
	allowed(t, l, 2, 5)
	allowed(t, l, 3, 5) // the bucket of unknown keys
	at.pass(-24 * time.Hour)
	if l.Allow(1) == nil {
		t.Error("setting the clock back filled a bucket")
	}
	at.pass(time.Minute)
	if err := l.Allow(1); err != nil {
		t.Errorf("refused after the time of one token: %v", err)
	}
	if err := l.Allow(3); err != nil {
		t.Errorf("a new key is refused because of a key from before: %v", err)
	}
}

func TestConcurrentAttemptsShareTheBurst(t *testing.T) {
	at := newClock()
	l := limiter(t, LimiterConfig{Each: Rate{50, time.Minute}, Now: at.now})
	var yes atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 20 {
				if l.Allow(1) == nil {
					yes.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if yes.Load() != 50 {
		t.Errorf("%d allowed, want 50", yes.Load())
	}
}

// The bounds hold for any order of attempts and any step of the clock.
func TestLimiterNeverGrows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	at := newClock()
	l := limiter(t, LimiterConfig{Each: Rate{3, time.Second}, MaxKeys: 50, Now: at.now})
	for range 20_000 {
		l.Allow(random.IntN(200))
		at.pass(time.Duration(random.IntN(100)) * time.Millisecond)
		if random.IntN(1000) == 0 {
			at.pass(-time.Duration(random.IntN(60)) * time.Second)
		}
		if c := l.Counts(); c.Keys > 50 || l.order.Len() != c.Keys {
			t.Fatalf("%d keys, %d in order", c.Keys, l.order.Len())
		}
	}
}

func TestLimiterRefusesWrongSettings(t *testing.T) {
	for _, c := range []LimiterConfig{
		{}, {Each: Rate{0, time.Second}}, {Each: Rate{1, 0}}, {Each: Rate{1, 2 * time.Hour}}, {Each: Rate{maxBurst + 1, 1}},
		{Each: Rate{1, time.Second}, MaxKeys: -1}, {Each: Rate{1, time.Second}, Unknown: Rate{1, 0}},
	} {
		if _, err := NewLimiter[int](c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
