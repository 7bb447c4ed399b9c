package drive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

const soon = 50 * time.Millisecond

func TestAClosedLoopCountsWhatWasDoneAndWhatWasDeclined(t *testing.T) {
	var n atomic.Int64
	r, err := Closed(t.Context(), time.Minute, 4, func(int) error {
		switch i := n.Add(1); {
		case i > 100:
			return ErrOver
		case i%10 == 0:
			return fmt.Errorf("busy: %w", ErrDeclined)
		}
		return nil
	})
	if err != nil || r.Done != 90 || r.Declined != 10 || r.Declination == nil || r.Took <= 0 || r.Took > 30*time.Second {
		t.Errorf("got %+v, %v, want 90 done and 10 declined long before the minute", r, err)
	}
	if got := (Result{Done: 50, Took: 2 * time.Second}).Rate(); got != 25 {
		t.Errorf("50 in 2 s are %v a second", got)
	}
}

func TestAClosedLoopEndsInTime(t *testing.T) {
	r, err := Closed(t.Context(), soon, 2, func(int) error { time.Sleep(time.Millisecond); return nil })
	if err != nil || r.Done == 0 || r.Took < soon || r.Took > 10*time.Second {
		t.Errorf("got %+v, %v", r, err)
	}
}

// One wrong answer is the end, in both loops, and it is told.
func TestAWrongAnswerEndsTheRound(t *testing.T) {
	wrong := errors.New("wrong")
	var n atomic.Int64
	errand := func(int) error {
		if n.Add(1) == 5 {
			return wrong
		}
		time.Sleep(time.Millisecond)
		return nil
	}
	began := time.Now()
	if _, err := Closed(t.Context(), time.Minute, 3, errand); !errors.Is(err, wrong) {
		t.Errorf("closed: %v", err)
	}
	n.Store(0)
	if _, err := Open(t.Context(), Pace{Rate: 100, Length: time.Minute, Workers: 3}, errand); !errors.Is(err, wrong) {
		t.Errorf("open: %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestEachIsDoneOnceOrItIsAnError(t *testing.T) {
	var seen [50]atomic.Int64
	if err := Each(t.Context(), time.Minute, len(seen), 7, func(i int) error { seen[i].Add(1); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range seen {
		if seen[i].Load() != 1 {
			t.Fatalf("errand %d was done %d times", i, seen[i].Load())
		}
	}
	if err := Each(t.Context(), time.Minute, 3, 1, func(int) error { return ErrDeclined }); !errors.Is(err, ErrDeclined) {
		t.Errorf("declined: %v", err)
	}
	if err := Each(t.Context(), soon, 1000, 1, func(int) error { time.Sleep(5 * time.Millisecond); return nil }); err == nil {
		t.Error("too slow, and no error")
	}
	over, end := context.WithCancel(t.Context())
	end()
	if err := Each(over, time.Minute, 3, 1, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestAnOpenLoopAccountsForEverythingDue(t *testing.T) {
	var n atomic.Int64
	o, err := Open(t.Context(), Pace{Rate: 2000, Length: 200 * time.Millisecond, Workers: 8, Seed: 3}, func(int) error {
		switch i := n.Add(1); {
		case i > 300:
			return ErrOver
		case i%10 == 0:
			return ErrDeclined
		}
		return nil
	})
	if err != nil || o.Due < 320 || o.Due > 480 {
		t.Fatalf("%d due, %v; want about 400", o.Due, err)
	}
	if o.Done != 270 || o.Declined != 30 || o.Unsent != o.Due-300 || o.Unmet() != o.Due-270 || len(o.Latency) != o.Due {
		t.Errorf("got done %d, declined %d, unsent %d, %d latencies of %d due", o.Done, o.Declined, o.Unsent, len(o.Latency), o.Due)
	}
	if !slices.IsSorted(o.Latency) || !slices.IsSorted(o.Late) || len(o.Late) == 0 {
		t.Error("latencies are not sorted, or none was sent in time")
	}
}

// One worker that takes 20 ms at 200 a second falls behind at once. Time counts
// from the moment due, so the waiting shows.
func TestWaitingForAWorkerCounts(t *testing.T) {
	const each = 20 * time.Millisecond
	o, err := Open(t.Context(), Pace{Rate: 200, Length: 200 * time.Millisecond, Workers: 1, Seed: 1}, func(int) error {
		time.Sleep(each)
		return nil
	})
	if err != nil || o.Unsent != 0 {
		t.Fatalf("%+v, %v", o, err)
	}
	if longest := o.Latency[len(o.Latency)-1]; longest < 5*each {
		t.Errorf("the longest took %v: the wait does not count", longest)
	}
}

func TestWhatCannotBeSentIsUnmet(t *testing.T) {
	o, err := Open(t.Context(), Pace{Rate: 1000, Length: 100 * time.Millisecond, Workers: 1, Seed: 1}, func(int) error {
		time.Sleep(100*time.Millisecond + Grace)
		return nil
	})
	if err != nil || o.Done != 1 || o.Unsent != o.Due-1 || len(o.Latency) != o.Due {
		t.Errorf("done %d, unsent %d of %d, %d latencies, %v", o.Done, o.Unsent, o.Due, len(o.Latency), err)
	}
}

func TestTheSameSeedDrawsTheSameMoments(t *testing.T) {
	p := Pace{Rate: 500, Length: time.Second, Seed: 7}
	if !slices.Equal(arrivals(p), arrivals(p)) {
		t.Error("they differ")
	}
	if p.Seed = 8; slices.Equal(arrivals(p), arrivals(Pace{Rate: 500, Length: time.Second, Seed: 7})) {
		t.Error("another seed draws the same")
	}
}
