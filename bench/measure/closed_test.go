package measure

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

const soon = 50 * time.Millisecond

// The first wrong answer ends the round and is returned.
func TestWrongAnswerEndsTheRound(t *testing.T) {
	wrong := errors.New("wrong")
	var n atomic.Int64
	began := time.Now()
	_, err := Closed(t.Context(), time.Minute, 3, func(int) error {
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

func TestClosedLoopCountsDoneAndDeclined(t *testing.T) {
	var n atomic.Int64
	r, err := Closed(t.Context(), time.Minute, 4, func(int) error {
		switch i := n.Add(1); {
		case i > 100:
			return openloop.ErrOver
		case i%10 == 0:
			return fmt.Errorf("busy: %w", openloop.ErrDeclined)
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

func TestClosedLoopEndsInTime(t *testing.T) {
	r, err := Closed(t.Context(), soon, 2, func(int) error { time.Sleep(time.Millisecond); return nil })
	if err != nil || r.Done == 0 || r.Took < soon || r.Took > 10*time.Second {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestEachRunsEveryPieceOnceOrFails(t *testing.T) {
	var seen [50]atomic.Int64
	if err := Each(t.Context(), time.Minute, len(seen), 7, func(i int) error { seen[i].Add(1); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range seen {
		if seen[i].Load() != 1 {
			t.Fatalf("piece %d was done %d times", i, seen[i].Load())
		}
	}
	if err := Each(t.Context(), time.Minute, 3, 1, func(int) error { return openloop.ErrDeclined }); !errors.Is(err, openloop.ErrDeclined) {
		t.Errorf("declined: %v", err)
	}
	if err := Each(t.Context(), soon, 1000, 1, func(int) error { time.Sleep(5 * time.Millisecond); return nil }); err == nil {
		t.Error("no error although the work was too slow")
	}
	over, end := context.WithCancel(t.Context())
	end()
	if err := Each(over, time.Minute, 3, 1, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
