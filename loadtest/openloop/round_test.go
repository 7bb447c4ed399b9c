package openloop

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// newRound returns a round whose times are drawn with the seed.
func newRound(rate float64, length time.Duration, workers int, seed uint64) Round {
	return Round{Due: Poisson(rate, length, rand.New(rand.NewPCG(seed, 1))).All(), Length: length, Workers: workers}
}

// The first wrong answer ends the round and is returned.
func TestWrongAnswerEndsTheRound(t *testing.T) {
	wrong := errors.New("wrong")
	var n atomic.Int64
	began := time.Now()
	_, err := newRound(100, time.Minute, 3, 0).Run(t.Context(), func(int) error {
		if n.Add(1) == 5 {
			return wrong
		}
		time.Sleep(time.Millisecond)
		return nil
	})
	if took := time.Since(began); !errors.Is(err, wrong) || took > 30*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

func TestRoundCountsAllDueWork(t *testing.T) {
	var n atomic.Int64
	o, err := newRound(2000, 200*time.Millisecond, 8, 3).Run(t.Context(), func(int) error {
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
	if !slices.IsSorted(o.Latency) || !slices.IsSorted(o.Late) || len(o.Late) == 0 || !errors.Is(o.First, ErrDeclined) {
		t.Error("latencies are unsorted, none was sent in time, or the first declined error is lost")
	}
}

// One worker that takes 20 ms at 200 per second falls behind immediately. Latency counts
// from the due time, so it includes the wait.
func TestWaitForAWorkerCountsAsLatency(t *testing.T) {
	const each = 20 * time.Millisecond
	o, err := newRound(200, 200*time.Millisecond, 1, 1).Run(t.Context(), func(int) error {
		time.Sleep(each)
		return nil
	})
	if err != nil || o.Unsent != 0 {
		t.Fatalf("%+v, %v", o, err)
	}
	if longest := o.Latency[len(o.Latency)-1]; longest < 5*each {
		t.Errorf("the longest latency is %v: it excludes the wait", longest)
	}
}

func TestUnsentWorkIsUnmet(t *testing.T) {
	o, err := newRound(1000, 100*time.Millisecond, 1, 1).Run(t.Context(), func(int) error {
		time.Sleep(100*time.Millisecond + Grace)
		return nil
	})
	if err != nil || o.Done != 1 || o.Unsent != o.Due-1 || len(o.Latency) != o.Due {
		t.Errorf("done %d, unsent %d of %d, %d latencies, %v", o.Done, o.Unsent, o.Due, len(o.Latency), err)
	}
}

// An interruption ends the wait for the next arrival, and Progress is called meanwhile.
func TestInterruptedLoopEnds(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	began := time.Now()
	loop := Loop[int]{Workers: 2, Until: time.Hour,
		Next:     func() (int, time.Duration, bool) { return 0, time.Hour, true },
		Work:     func(int, int, Sending) time.Time { t.Error("an arrival was sent"); return time.Now() },
		Progress: func(time.Duration) { interrupt() }}
	loop.Run(ctx, began)
	if took := time.Since(began); took < time.Second || took > 20*time.Second {
		t.Errorf("ended after %v", took)
	}
}

// The wait for a busy worker does not count as own lateness.
func TestOwnLatenessBeginsWhenAWorkerIsFree(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	for _, c := range []struct{ due, free, sent, want int }{
		{due: 100, free: 0, sent: 103, want: 3},
		{due: 100, free: 400, sent: 401, want: 1},
	} {
		s := Sending{Due: at(c.due), Free: at(c.free), Sent: at(c.sent)}
		if got := s.Own(); got != time.Duration(c.want)*time.Millisecond {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestQuantile(t *testing.T) {
	var thousand []time.Duration
	for i := range 1000 {
		thousand = append(thousand, time.Duration(i+1))
	}
	for _, c := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{{nil, 0.5, 0}, {thousand[:1], 0.999, 1}, {thousand[:2], 0.5, 1}, {thousand, 0.5, 500}, {thousand, 0.999, 999}, {thousand, 1, 1000}} {
		if got := Quantile(c.of, c.q); got != c.want {
			t.Errorf("quantile %v of %d: %d, want %d", c.q, len(c.of), got, c.want)
		}
	}
}
