package outbox

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
)

func lead(t *testing.T, o *box) bool {
	t.Helper()
	leading, err := o.Lead(t.Context())
	runtest.Must(t, err)
	return leading
}

// One of two issuers on one database leads. The other leads after the first has resigned,
// or after its lease has ended by the database clock.
func TestOneIssuerLeads(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		first, second := open(), open()
		for range 2 { // acquires the lease, then renews it
			if !lead(t, first) || lead(t, second) {
				t.Fatal("want the first to lead and to renew, and the second to stand by")
			}
		}
		runtest.Must(t, second.Resign(t.Context()))
		if lead(t, second) {
			t.Fatal("the second resigned a lease of the first, and got it")
		}
		runtest.Must(t, first.Resign(t.Context()))
		if !lead(t, second) || lead(t, first) {
			t.Fatal("the first resigned: want the second to lead")
		}
		set := func(ms int64) {
			t.Helper()
			_, err := first.db.Writer().Exec(`UPDATE publisher_lease SET until_ms = ` + first.db.NowMs + fmt.Sprintf(" + %d", ms))
			runtest.Must(t, err)
		}
		set(0)
		if !lead(t, first) {
			t.Fatal("a lease that has ended keeps others from leading")
		}
		set(publish.LeaseTime.Milliseconds() - 500)
		if lead(t, second) {
			t.Fatal("a lease that has not ended was given to another")
		}
		set(time.Hour.Milliseconds())
		if !lead(t, second) {
			t.Fatal("after the database clock was set back an hour, no issuer leads for an hour")
		}
	})
}

// Concurrent calls of Lead give one leader.
func TestConcurrentLeadsGiveOneLease(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		var boxes []*box
		for range 6 {
			boxes = append(boxes, open())
		}
		var leaders atomic.Int64
		var all sync.WaitGroup
		for _, o := range boxes {
			all.Go(func() {
				leading, err := o.Lead(t.Context())
				if err != nil {
					t.Error(err)
				}
				if leading {
					leaders.Add(1)
				}
			})
		}
		all.Wait()
		if leaders.Load() != 1 {
			t.Fatalf("%d lead", leaders.Load())
		}
	})
}

// A publisher sleeps between publishing and marking. Meanwhile another one republishes: the
// numbers name other records now. The sleeper must mark none of them and learn that its
// epoch is over, whether records wait or not.
func TestSleepingPublisherMarksNothingOfTheNextEpoch(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		sleeper, other := open(), open()
		enqueue(t, sleeper, record(0, nowMs))
		had := issuerdb.TakeRecords(t, sleeper, 0, 10)
		last := had.First + uint64(len(had.Records)) - 1

		next, err := other.Republish(t.Context(), 0, nowMs+1)
		runtest.Must(t, err)
		before := issuerdb.TakeRecords(t, other, 0, 10)
		if before.First != 1 || len(before.Records) == 0 {
			t.Fatalf("republished: %+v", before)
		}
		if err := sleeper.MarkPublished(t.Context(), nowMs, 0, last); !errors.Is(err, publish.ErrEpoch) {
			t.Fatalf("marked in an epoch that is over: %v", err)
		}
		if after := issuerdb.TakeRecords(t, other, 0, 10); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Fatalf("the sleeper dropped records that it never published: %+v, before %+v", after, before)
		}
		if _, err := sleeper.TakeRecords(t.Context(), nowMs, 0, 0, 10); !errors.Is(err, publish.ErrEpoch) {
			t.Fatalf("took in an epoch that is over: %v", err)
		}
		if _, err := sleeper.TakeRecords(t.Context(), nowMs, 1, 0, 10); !errors.Is(err, publish.ErrEpoch) {
			t.Fatalf("took in an epoch that is over, nothing waiting: %v", err)
		}
		if !lead(t, sleeper) {
			t.Fatal("the lease was not free")
		}
		if _, err := other.TakeRecords(t.Context(), next, 0, 0, 10); !errors.Is(err, publish.ErrLease) {
			t.Fatalf("took under another's lease: %v", err)
		}
		if _, err := other.TakeRecords(t.Context(), next, 1, 0, 10); !errors.Is(err, publish.ErrLease) {
			t.Fatalf("took under another's lease, nothing waiting: %v", err)
		}
		runtest.Must(t, other.MarkPublished(t.Context(), next, 0, before.First+uint64(len(before.Records))-1))
	})
}
