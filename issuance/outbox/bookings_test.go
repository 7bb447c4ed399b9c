package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
)

// bookingsBox is the stream of bookings in a box's database.
type bookingsBox struct {
	*Outbox
	active []revocation.Record
	woken  map[int]int
}

// openBookings opens the stream. A body names its partitions, separated by spaces.
func (o *box) openBookings(t *testing.T, topic string, partitions int, move bool) (*bookingsBox, error) {
	t.Helper()
	b := &bookingsBox{woken: map[int]int{}}
	box, err := o.OpenBookings(t.Context(), BookingsConfig{Partitions: partitions, Topic: topic, Move: move,
		Now: func() time.Time { return time.UnixMilli(nowMs + 7) },
		Active: func(_ context.Context, _ *database.DB, _ *sql.Tx, _ database.Millis, emit func(...revocation.Record) error) error {
			for _, r := range b.active {
				if err := emit(r); err != nil {
					return err
				}
			}
			return nil
		},
		Place: func(r *revocation.Record, partitions int) ([]int, error) {
			from, to := int(r.Body[0]-'0')%partitions, int(r.Body[1]-'0')%partitions
			if from == to {
				return []int{from}, nil
			}
			return []int{from, to}, nil
		}})
	b.Outbox = box
	if err == nil {
		box.SetWake(func(p int) { b.woken[p]++ })
	}
	return b, err
}

func booked(body string, at int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindBooking, At: at, Body: body}
}

func (b *bookingsBox) add(t *testing.T, records ...revocation.Record) {
	t.Helper()
	runtest.Must(t, b.db.Change(t.Context(), "book", func(ctx context.Context, tx *sql.Tx) error { return b.Enqueue(ctx, tx, records...) }))
}

// bodies takes a partition's records and leaves them there.
func (b *bookingsBox) bodies(t *testing.T, partition int) (all []string) {
	t.Helper()
	for _, r := range issuerdb.TakeRecords(t, b, partition, 100).Records {
		all = append(all, r.Body)
	}
	return all
}

// Two streams of one database share nothing: numbers, epoch, lease, waiting records.
func TestStreamsOfADatabaseAreSeparate(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		o := open()
		b, err := o.openBookings(t, "", partitions, false)
		runtest.Must(t, err)
		enqueue(t, o, record(0, nowMs))
		enqueue(t, o, record(1, nowMs))
		b.add(t, booked("01", nowMs), booked("11", nowMs+1), booked("22", nowMs+2))
		if b.woken[0] != 1 || b.woken[1] != 1 || b.woken[2] != 1 || b.woken[3] != 0 {
			t.Errorf("woken: %v, want partitions 0 to 2 once each", b.woken)
		}
		for partition, want := range [][]string{{"01"}, {"01", "11"}, {"22"}, nil} {
			if got := b.bodies(t, partition); !slices.Equal(got, want) {
				t.Errorf("partition %d has %v, want %v", partition, got, want)
			}
		}
		if p := issuerdb.TakeRecords(t, o, 0, 10); len(p.Records) != 1 || p.First != 1 || p.Records[0].Kind != revocation.KindRevoke {
			t.Errorf("partition 0 of the control stream: %+v", p)
		}
		if n, err := o.Waiting(t.Context()); n != 2 || err != nil {
			t.Errorf("%d control records wait, want 2: %v", n, err)
		}
		if n, err := b.Waiting(t.Context()); n != 4 || err != nil {
			t.Errorf("%d booking records wait, want 4: %v", n, err)
		}
		if e, f := issuerdb.Epoch(t, o), issuerdb.Epoch(t, b); e != nowMs || f != nowMs+7 {
			t.Errorf("epochs %d and %d", e, f)
		}

		// One issuer leads the first stream, another the second.
		other, err := open().openBookings(t, "", partitions, false)
		runtest.Must(t, err)
		runtest.Must(t, b.Resign(t.Context()))
		for range 2 {
			if led, err := other.Lead(t.Context()); !led || err != nil {
				t.Fatalf("the lease of bookings: %v, %v", led, err)
			}
			if !lead(t, o) {
				t.Fatal("the lease of the control stream depends on that of the bookings")
			}
		}
		if _, err := b.TakeRecords(t.Context(), nowMs+7, 0, 0, 10); !errors.Is(err, publish.ErrLease) {
			t.Errorf("took bookings under another's lease: %v", err)
		}
		if publishing := o.publishing(t); !publishing {
			t.Error("no stream is being published")
		}
		runtest.Must(t, o.Resign(t.Context()))
		if publishing := o.publishing(t); !publishing {
			t.Error("the lease of the bookings alone does not count as publishing")
		}
		runtest.Must(t, other.Resign(t.Context()))

		// Marking and republishing one stream leaves the other as it is.
		runtest.Must(t, b.MarkPublished(t.Context(), nowMs+7, 1, 1))
		if low, next, err := b.Place(t.Context(), 1); low != 2 || next != 3 || err != nil {
			t.Errorf("place %d, %d: %v", low, next, err)
		}
		if _, err := o.Republish(t.Context(), 0, nowMs); err != nil {
			t.Fatal(err)
		}
		if low, next, err := b.Place(t.Context(), 1); low != 2 || next != 3 || err != nil {
			t.Errorf("after the control stream was republished: place %d, %d: %v", low, next, err)
		}
	})
}

func (o *box) publishing(t *testing.T) (publishing bool) {
	t.Helper()
	runtest.Must(t, o.db.Change(t.Context(), "look", func(ctx context.Context, tx *sql.Tx) (err error) {
		publishing, err = o.Publishing(ctx, tx)
		return err
	}))
	return publishing
}

// A republication puts the waiting bookings first, each once for each partition and in their order, then the active
// ones; a move places them anew.
func TestBookingsAreRepublishedAndMoved(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		o := open()
		enqueue(t, o, record(0, nowMs))
		b, err := o.openBookings(t, "bookings", partitions, false)
		runtest.Must(t, err)
		b.add(t, booked("03 booked", nowMs))
		b.add(t, booked("03 cancelled", nowMs+1))
		b.active = []revocation.Record{booked("33 active", nowMs+2)}
		epoch, err := b.Republish(t.Context(), nowMs+1000, nowMs+2)
		if err != nil || epoch != nowMs+1001 {
			t.Fatalf("epoch %d: %v", epoch, err)
		}
		if got := b.bodies(t, 3); !slices.Equal(got, []string{"03 booked", "03 cancelled", "33 active"}) {
			t.Errorf("partition 3 has %v", got)
		}
		runtest.Must(t, b.Resign(t.Context()))

		if _, err := o.openBookings(t, "bookings", 2, false); !errors.Is(err, publish.ErrOtherStream) {
			t.Fatalf("opened with another number of partitions: %v", err)
		}
		moved, err := open().openBookings(t, "moved", 2, true)
		runtest.Must(t, err)
		moved.active = b.active
		command := Command{AuditLog: audittest.OpenLog(t, o.db), Who: "night-shift", At: nowMs + 5000}
		_, err = moved.MoveStream(t.Context(), command)
		runtest.Must(t, err)
		for partition, want := range [][]string{{"03 booked", "03 cancelled"}, {"03 booked", "03 cancelled", "33 active"}} {
			got := moved.bodies(t, partition)
			if partition == 1 {
				slices.Sort(got) // what waited twice keeps its order among itself
				got = slices.Compact(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("partition %d of 2 has %v, want %v", partition, got, want)
			}
		}
		if _, err := o.openBookings(t, "moved", 2, false); err != nil {
			t.Errorf("the moved stream does not open: %v", err)
		}
		if p := issuerdb.TakeRecords(t, o, 0, 10); len(p.Records) != 1 {
			t.Errorf("the control stream has %+v", p)
		}
	})
}

// A stream that never was cannot be moved, and records of the other stream are refused.
func TestBookingsRefuse(t *testing.T) {
	each(t, func(t *testing.T, o *box) {
		b, err := o.openBookings(t, "moved", 2, true)
		runtest.Must(t, err)
		command := Command{AuditLog: audittest.OpenLog(t, o.db), Who: "night-shift", At: nowMs}
		if _, err := b.MoveStream(t.Context(), command); !errors.Is(err, ErrNoStream) {
			t.Errorf("moved a stream that does not exist: %v", err)
		}
		for what, f := range map[string]func(ctx context.Context, tx *sql.Tx) error{
			"a booking among control records": func(ctx context.Context, tx *sql.Tx) error {
				return o.Enqueue(ctx, tx, booked("00", nowMs))
			},
			"a revocation among bookings": func(ctx context.Context, tx *sql.Tx) error {
				r := record(0, nowMs)
				r.Body = "00"
				return b.Enqueue(ctx, tx, r)
			},
		} {
			if err := o.db.Change(t.Context(), "mix", f); err == nil {
				t.Error(what, "was accepted")
			}
		}
		for _, n := range []int{0, MaxPartitions + 1} {
			if _, err := o.openBookings(t, "", n, false); err == nil {
				t.Error(strconv.Itoa(n), "partitions were accepted")
			}
		}
	})
}

// A batch takes at most as many records as it may have, and says when more wait.
func TestBookingsAreTakenInBoundedBatches(t *testing.T) {
	each(t, func(t *testing.T, o *box) {
		b, err := o.openBookings(t, "", 1, false)
		runtest.Must(t, err)
		most := revocation.Bookings.MaxRecords()
		var all []revocation.Record
		for i := range most + 1 {
			all = append(all, booked(fmt.Sprintf("00 %d", i), nowMs))
		}
		b.add(t, all...)
		if p := issuerdb.TakeRecords(t, b, 0, most); len(p.Records) != most || p.Drained || p.First != 1 {
			t.Fatalf("%d records from %d, drained: %v", len(p.Records), p.First, p.Drained)
		}
	})
}
