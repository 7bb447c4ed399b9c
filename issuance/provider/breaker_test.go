package provider

import (
	"sync"
	"testing"
	"time"
)

const (
	testFaults = 3
	testPause  = 5 * time.Second
)

// harness is a breaker with a clock.
type harness struct {
	t *testing.T
	*Breaker
	now time.Time
}

func newHarness(t *testing.T) *harness {
	return &harness{t, NewBreaker(testFaults, testPause), time.Unix(1770768000, 0)}
}

// begin begins a call, which the breaker must allow.
func (b *harness) begin() Permit {
	b.t.Helper()
	p, ok := b.Allow(b.now)
	if !ok {
		b.t.Fatalf("a call was refused; the breaker is %v", b.State())
	}
	return p
}

func (b *harness) refused() {
	b.t.Helper()
	if _, ok := b.Allow(b.now); ok {
		b.t.Fatalf("a call was allowed; the breaker is %v", b.State())
	}
}

func (b *harness) call(v Verdict) { b.t.Helper(); b.Done(b.begin(), v, b.now) }

func (b *harness) is(want State) {
	b.t.Helper()
	if got := b.State(); got != want {
		b.t.Fatalf("the breaker is %v, want %v", got, want)
	}
}

// trip opens the breaker with bad calls.
func (b *harness) trip() {
	b.t.Helper()
	for range testFaults {
		b.call(Bad)
	}
	b.is(Open)
}

func TestBreakerOpensAfterConsecutiveBadCalls(t *testing.T) {
	b := newHarness(t)
	for range 10 {
		for range testFaults - 1 {
			b.call(Bad)
		}
		b.call(Good)
		b.is(Closed)
	}
	for range testFaults - 1 {
		b.call(Bad)
	}
	b.call(Neutral) // changes nothing
	b.is(Closed)
	if state, changed := b.Done(b.begin(), Bad, b.now); state != Open || !changed {
		t.Fatalf("%v, changed %v", state, changed)
	}
	b.refused()
}

func TestOpenBreakerAllowsOneProbeAfterItsPause(t *testing.T) {
	b := newHarness(t)
	b.trip()
	b.now = b.now.Add(testPause - 1)
	b.refused()
	b.is(Open)
	b.now = b.now.Add(1)
	probe := b.begin()
	b.is(HalfOpen)
	b.refused()
	b.now = b.now.Add(time.Hour) // the probe takes long
	b.refused()
	if state, changed := b.Done(probe, Good, b.now); state != Closed || !changed {
		t.Fatalf("%v, changed %v", state, changed)
	}
	// Earlier faults no longer count.
	for range testFaults - 1 {
		b.call(Bad)
	}
	b.is(Closed)
}

func TestBadProbeOpensTheBreakerForAFullPauseFromItsEnd(t *testing.T) {
	b := newHarness(t)
	b.trip()
	for range 3 {
		b.now = b.now.Add(testPause)
		probe := b.begin()
		b.now = b.now.Add(time.Second)
		b.Done(probe, Bad, b.now)
		b.is(Open)
		b.now = b.now.Add(testPause - 1)
		b.refused()
		b.now = b.now.Add(1 - testPause)
	}
}

func TestNeutralProbeAllowsTheNextProbe(t *testing.T) {
	b := newHarness(t)
	b.trip()
	b.now = b.now.Add(testPause)
	b.call(Neutral)
	b.is(HalfOpen)
	b.call(Good)
	b.is(Closed)
}

// A call that began before the last change of state has no effect.
func TestLateVerdictIsIgnored(t *testing.T) {
	b := newHarness(t)
	lateGood, lateBad, later := b.begin(), b.begin(), b.begin()
	b.trip()
	b.Done(lateGood, Good, b.now)
	b.is(Open)
	b.refused()
	b.now = b.now.Add(testPause)
	probe := b.begin()
	b.Done(lateBad, Bad, b.now)
	b.is(HalfOpen)
	b.refused() // the late one was not the probe
	b.Done(probe, Good, b.now)
	for range testFaults - 1 {
		b.call(Bad)
	}
	b.Done(later, Bad, b.now)
	b.is(Closed)
	b.Done(Permit{}, Bad, b.now) // no permit
	b.is(Closed)
}

func TestPermitOfAProbeCountsOnce(t *testing.T) {
	b := newHarness(t)
	b.trip()
	b.now = b.now.Add(testPause)
	probe := b.begin()
	b.Done(probe, Good, b.now)
	if _, changed := b.Done(probe, Bad, b.now); changed || b.bad != 0 {
		t.Fatalf("a probe was counted twice")
	}
}

// Of concurrent calls after the pause, exactly one is allowed.
func TestConcurrentCallsMakeOneProbe(t *testing.T) {
	b := newHarness(t)
	b.trip()
	b.now = b.now.Add(testPause)
	var allowed []Permit
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if p, ok := b.Allow(b.now); ok {
				mu.Lock()
				allowed = append(allowed, p)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(allowed) != 1 {
		t.Fatalf("%d concurrent probes, want 1", len(allowed))
	}
}
