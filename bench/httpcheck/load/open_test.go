//go:build linux

package load

import (
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

func open(t *testing.T, address string, length time.Duration, all ...Stream) []Outcome {
	t.Helper()
	outcomes, turns, err := Open(address, length, all...)
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != len(all) || len(turns) == 0 || !slices.IsSorted(turns) {
		t.Fatalf("%d outcomes of %d streams, %d turns", len(outcomes), len(all), len(turns))
	}
	for i, o := range outcomes {
		if n := o.Done + o.Declined + o.Wrong + o.Broken + o.Unsent + o.Unanswered; n != o.Due {
			t.Errorf("stream %d: %d of %d requests are accounted for: %+v", i, n, o.Due, o)
		}
		if o.First == nil && len(o.Latency) != o.Due || !slices.IsSorted(o.Latency) {
			t.Errorf("stream %d: %d latencies of %d requests", i, len(o.Latency), o.Due)
		}
	}
	return outcomes
}

func TestOpenLoopSendsEveryDueRequest(t *testing.T) {
	address, seen := counter(t, func(int64) string { return answerOf("yes") })
	both := open(t, address, 200*time.Millisecond,
		Stream{Supply: requests(1 << 40), Rate: 1000, Connections: 8, Seed: 1},
		Stream{Supply: requests(1 << 40), Rate: 500, Connections: 2, Seed: 2})
	for i, o := range both {
		if o.Done != o.Due || o.Due < 50 || openloop.Quantile(o.Latency, 0.5) <= 0 {
			t.Errorf("stream %d: %+v", i, o)
		}
	}
	if got := int(seen.Load()); got != both[0].Due+both[1].Due {
		t.Errorf("the server saw %d requests, want %d", got, both[0].Due+both[1].Due)
	}
}

// The only connection is busy for 100 ms. Requests that were due meanwhile must include the wait,
// although the server answered them immediately.
func TestLatencyCountsFromTheDueTime(t *testing.T) {
	const hold = 100 * time.Millisecond
	address, _ := counter(t, func(n int64) string {
		if n == 1 {
			time.Sleep(hold)
		}
		return answerOf("yes")
	})
	o := open(t, address, hold/2, Stream{Supply: requests(1 << 40), Rate: 2000, Connections: 1, Seed: 3})[0]
	if o.Done != o.Due {
		t.Fatalf("%+v", o)
	}
	if got := openloop.Quantile(o.Latency, 0.5); got < hold/4 {
		t.Errorf("the median is %v: the wait for a connection was not counted", got)
	}
	if len(o.Late) > o.Due/2 {
		t.Errorf("%d of %d requests are reported to have found a free connection", len(o.Late), o.Due)
	}
}

func TestOpenLoopCountsEveryKindOfFault(t *testing.T) {
	address, _ := counter(t, func(n int64) string {
		switch n % 5 {
		case 1:
			return busyAnswer
		case 2:
			return answerOf("no")
		case 3:
			return "" // closes the connection
		}
		return answerOf("yes")
	})
	o := open(t, address, 200*time.Millisecond, Stream{Supply: requests(1 << 40), Rate: 500, Connections: 4, Seed: 4})[0]
	if o.Done == 0 || o.Declined == 0 || o.Wrong == 0 || o.Broken == 0 || o.First == nil {
		t.Errorf("%+v, want some of each", o)
	}
	o = open(t, address, 100*time.Millisecond, Stream{Supply: requests(3), Rate: 500, Connections: 4, Seed: 4})[0]
	if o.Unsent != o.Due-3 || o.First == nil {
		t.Errorf("with 3 requests for %d moments: %+v", o.Due, o)
	}
}

// A server that never answers holds the loop no longer than the grace period.
func TestOpenLoopEndsWithoutAnswers(t *testing.T) {
	address, _ := counter(t, func(int64) string { select {} })
	began := time.Now()
	o := open(t, address, 50*time.Millisecond, Stream{Supply: requests(1 << 40), Rate: 500, Connections: 4, Seed: 5})[0]
	if o.Unanswered != 4 || o.Unsent != o.Due-4 || openloop.Quantile(o.Latency, 0.01) < grace {
		t.Errorf("%+v", o)
	}
	if took := time.Since(began); took > 10*grace {
		t.Errorf("gave up after %v, want about %v", took, grace)
	}
}
