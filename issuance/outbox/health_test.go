package outbox

import (
	"context"
	"database/sql"
	"testing"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/harness/runtest"
)

// The state of the stream follows the lease, the records that wait and those that were published.
func TestHealthFollowsTheStream(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		o, other := open(), open()
		health := func(of *box) Health {
			t.Helper()
			h, err := of.Health(t.Context())
			runtest.Must(t, err)
			if len(h.Partitions) != partitions || h.Name != "control" || h.Epoch != nowMs {
				t.Fatalf("the state of another stream: %+v", h)
			}
			return h
		}
		if h := health(o); h.LeaseUntil != 0 || h.Own || h.Partitions[0] != (PartitionHealth{}) {
			t.Fatalf("of a new stream: %+v", h)
		}
		if !lead(t, o) {
			t.Fatal("no lease")
		}
		if h := health(o); !h.Own || h.LeaseUntil <= h.Now || h.LeaseUntil > h.Now.Add(publish.LeaseTime) {
			t.Fatalf("with a lease: %+v", h)
		}
		if h := health(other); h.Own || h.LeaseUntil == 0 {
			t.Fatalf("of another issuer: %+v", h)
		}
		records := []revocation.Record{
			{Kind: revocation.KindRevoke, At: nowMs + 5, Serial: serial(1)},
			{Kind: revocation.KindUnrevoke, At: nowMs + 9, Serial: serial(1)},
		}
		partition := publish.Partition(&records[0], partitions)
		enqueue := func() {
			t.Helper()
			runtest.Must(t, o.db.Change(t.Context(), "enqueue", func(ctx context.Context, tx *sql.Tx) error { return o.Enqueue(ctx, tx, records...) }))
		}
		enqueue()
		want := func(want PartitionHealth) {
			t.Helper()
			for p, got := range health(o).Partitions {
				if p == partition && got != want || p != partition && got != (PartitionHealth{}) {
					t.Fatalf("partition %d: %+v", p, got)
				}
			}
		}
		want(PartitionHealth{Waiting: 2, Oldest: database.Millis(nowMs + 5)})
		_, err := o.TakeRecords(t.Context(), nowMs, partition, 0, 10)
		runtest.Must(t, err)
		runtest.Must(t, o.MarkPublished(t.Context(), nowMs, partition, 1))
		want(PartitionHealth{Waiting: 1, Oldest: database.Millis(nowMs + 9), Last: 1})
		runtest.Must(t, o.MarkPublished(t.Context(), nowMs, partition, 2))
		want(PartitionHealth{Last: 2})
		enqueue()
		want(PartitionHealth{Waiting: 2, Oldest: database.Millis(nowMs + 5), Last: 2})
		_, err = o.db.Writer().Exec(`UPDATE publisher_lease SET until_ms = ` + o.db.NowMs + ` + 3600000`)
		runtest.Must(t, err)
		if h := health(o); h.LeaseUntil != 0 {
			t.Fatalf("with a lease of an hour: %+v", h)
		}
	})
}
