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

// bench is a breaker with a clock and calls that must or must not go through.
type bench struct {
	t *testing.T
	*Breaker
	now time.Time
}

func newBench(t *testing.T) *bench {
	return &bench{t, NewBreaker(testFaults, testPause), time.Unix(1770768000, 0)}
}

func (b *bench) begin() Permit {
	b.t.Helper()
	p, ok := b.Allow(b.now)
	if !ok {
		b.t.Fatalf("a call was not let through; the breaker is %v", b.State())
	}
	return p
}

func (b *bench) refused() {
	b.t.Helper()
	if _, ok := b.Allow(b.now); ok {
		b.t.Fatalf("a call was let through; the breaker is %v", b.State())
	}
}

func (b *bench) call(v Verdict) { b.t.Helper(); b.Done(b.begin(), v, b.now) }

func (b *bench) is(want State) {
	b.t.Helper()
	if got := b.State(); got != want {
		b.t.Fatalf("the breaker is %v, want %v", got, want)
	}
}

func (b *bench) open() {
	b.t.Helper()
	for range testFaults {
		b.call(Bad)
	}
	b.is(Open)
}

func TestItOpensAfterSoManyBadCallsInARow(t *testing.T) {
	b := newBench(t)
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
	b.call(Neutral) // counts neither way
	b.is(Closed)
	if state, changed := b.Done(b.begin(), Bad, b.now); state != Open || !changed {
		t.Fatalf("%v, changed %v", state, changed)
	}
	b.refused()
}

func TestItStaysOpenForItsPauseAndThenOneProbeGoes(t *testing.T) {
	b := newBench(t)
	b.open()
	b.now = b.now.Add(testPause - 1)
	b.refused()
	b.is(Open)
	b.now = b.now.Add(1)
	probe := b.begin()
	b.is(HalfOpen)
	b.refused()
	b.now = b.now.Add(time.Hour) // however long the probe takes
	b.refused()
	if state, changed := b.Done(probe, Good, b.now); state != Closed || !changed {
		t.Fatalf("%v, changed %v", state, changed)
	}
	// Closed means closed: the faults of before are forgotten.
	for range testFaults - 1 {
		b.call(Bad)
	}
	b.is(Closed)
}

func TestABadProbeOpensItForAWholePauseFromItsEnd(t *testing.T) {
	b := newBench(t)
	b.open()
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

func TestAProbeThatTellsNothingLetsTheNextGo(t *testing.T) {
	b := newBench(t)
	b.open()
	b.now = b.now.Add(testPause)
	b.call(Neutral)
	b.is(HalfOpen)
	b.call(Good)
	b.is(Closed)
}

// Calls of another time: they began before the state changed.
func TestLateNewsChangesNothing(t *testing.T) {
	b := newBench(t)
	lateGood, lateBad, later := b.begin(), b.begin(), b.begin()
	b.open()
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
	b.Done(Permit{}, Bad, b.now) // no permit at all
	b.is(Closed)
}

func TestAPermitCountsOnceInEachState(t *testing.T) {
	b := newBench(t)
	b.open()
	b.now = b.now.Add(testPause)
	probe := b.begin()
	b.Done(probe, Good, b.now)
	if _, changed := b.Done(probe, Bad, b.now); changed || b.bad != 0 {
		t.Fatalf("a probe was counted twice")
	}
}

// However calls and verdicts fall, an open or half-open breaker lets at most one
// call through in a pause.
func TestManyAtOnceMakeOneProbe(t *testing.T) {
	b := newBench(t)
	b.open()
	b.now = b.now.Add(testPause)
	var through []Permit
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if p, ok := b.Allow(b.now); ok {
				mu.Lock()
				through = append(through, p)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(through) != 1 {
		t.Fatalf("%d probes at once", len(through))
	}
}
