package revocation_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// bookingLog is a sink that lists what it receives.
type bookingLog []string

func (l *bookingLog) Apply(body string, at, now int64) {
	*l = append(*l, fmt.Sprintf("%s %d %d", body, at, now))
}

func book(body string, at int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindBooking, At: at, Body: body}
}

func TestBookingsReachTheirSinkInOrder(t *testing.T) {
	var log bookingLog
	f := revocationtest.NewBookingsFeed(start, &log)
	f.Apply(start+7, book("a", 3), book("b", 2))
	f.Apply(start+9, book("c", 4))
	want := []string{fmt.Sprint("a 3 ", start+7), fmt.Sprint("b 2 ", start+7), fmt.Sprint("c 4 ", start+9)}
	if !slices.Equal(log, want) {
		t.Fatalf("received %q", log)
	}
	if s := f.Replica.Status(start + 9); s.Counts.Bookings != 3 || s.Counts.Unknown != 0 || s.State != revocation.Fresh {
		t.Fatalf("%d bookings counted, %s", s.Counts.Bookings, s.State)
	}
	f = revocationtest.NewBookingsFeed(start, nil)
	f.Apply(start, book("a", 3))
	if n := f.Replica.Status(start).Counts.Bookings; n != 1 {
		t.Fatalf("without a sink %d are counted", n)
	}
}

// The delay of bookings is measured like that of revocations, while they are new.
func TestDelayOfBookingsIsMeasured(t *testing.T) {
	f := revocationtest.NewBookingsFeed(start, nil)
	f.Apply(start+40, book("a", start))
	if d := f.Replica.Status(start + 40).Counts.Delay; d.SumMS != 40 {
		t.Fatalf("%d ms, want 40", d.SumMS)
	}
}

// A batch of one domain means nothing in the topic of the other, and a record of the other domain is one of
// an unknown kind.
func TestDomainsAreApart(t *testing.T) {
	var log bookingLog
	bookings, control := revocationtest.NewBookingsFeed(start, &log).Replica, revocationtest.NewFeed(start).Replica
	b := revocation.Batch{Domain: revocation.Bookings, Epoch: 1, First: 1, IssuedAt: start, Through: start}
	booked := revocationtest.Seal(b, book("a", start))
	b.Domain = revocation.Control
	revoked := revocationtest.Seal(b, revoke(serial))
	if o := bookings.Apply(0, revoked, start); o != revocation.Unreadable {
		t.Errorf("a control batch among bookings: %s", o)
	}
	if o := control.Apply(0, booked, start); o != revocation.Unreadable {
		t.Errorf("bookings in the control stream: %s", o)
	}
	if _, err := revocation.OpenBatch(booked, revocationtest.Pinned()); !errors.Is(err, revocation.ErrForm) {
		t.Errorf("opened as a control batch: %v", err)
	}
	// The same records behind the header of the other domain, under a genuine signature.
	swap := func(raw []byte, family string) []byte {
		return revocationtest.SealMessage(append([]byte(family), raw[3:len(raw)-64]...))
	}
	for name, c := range map[string]struct {
		replica *revocation.Replica
		raw     []byte
	}{
		"a revocation among bookings": {bookings, swap(revoked, "RGB")}, "a booking in the control stream": {control, swap(booked, "RGC")},
		"a closing among bookings": {bookings, swap(revocationtest.Seal(b, closeRecord(serial, startSecond, start)), "RGB")},
	} {
		before := c.replica.Status(start).Counts.Unknown
		if o := c.replica.Apply(0, withFirst(c.raw, before+1), start); o != revocation.Applied {
			t.Errorf("%s: %s", name, o)
		}
		if s := c.replica.Status(start); s.Counts.Unknown != before+1 || s.Revoked != 0 || s.Closed != 0 {
			t.Errorf("%s: %d unknown, %d revoked, %d closed", name, s.Counts.Unknown-before, s.Revoked, s.Closed)
		}
	}
	if len(log) != 0 {
		t.Errorf("the sink received %q", log)
	}
	for d, r := range map[revocation.Domain]revocation.Record{revocation.Control: book("a", 1), revocation.Bookings: revoke(serial)} {
		if _, err := (&revocation.Batch{Domain: d}).Encode([4]byte{}, []revocation.Record{r}); err == nil {
			t.Errorf("a record of kind %s was encoded for domain %d", r.Kind, d)
		}
	}
}

// withFirst returns the batch with another first number, signed again.
func withFirst(raw []byte, first uint64) []byte {
	message := raw[:len(raw)-64]
	message[27] = byte(first)
	return revocationtest.SealMessage(message)
}

// The longest batch of bookings fits into a message.
func TestLargestBatchOfBookingsCanBeOpened(t *testing.T) {
	records := slices.Repeat([]revocation.Record{book(strings.Repeat("b", revocation.MaxBody), 1<<63-1)}, revocation.MaxBookings)
	b := revocation.Batch{Domain: revocation.Bookings, Epoch: 1, First: 1}
	if _, err := revocation.OpenBatch(revocationtest.Seal(b, records...), revocationtest.Pinned().In(revocation.Bookings)); err != nil {
		t.Fatal(err)
	}
	id := revocationtest.Pinned().ID()
	if _, err := b.Encode(id, append(records, records[0])); err == nil {
		t.Error("one record more was encoded")
	}
	for _, body := range []string{"", strings.Repeat("b", revocation.MaxBody+1)} {
		if _, err := b.Encode(id, []revocation.Record{book(body, 1)}); err == nil {
			t.Errorf("a booking of %d bytes was encoded", len(body))
		}
	}
}

// A snapshot has no bookings, so a stream of bookings is always read from its start.
func TestBookingsHaveNoSnapshot(t *testing.T) {
	f := revocationtest.NewBookingsFeed(start, nil)
	if _, ok := f.Replica.Snapshot("t", start); ok {
		t.Error("a snapshot of bookings")
	}
	s, _ := revocationtest.NewFeed(start).Replica.Snapshot("t", start)
	r, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), 1, revocation.Limits{}, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(s, "t", start); !errors.Is(err, revocation.ErrSnapshotOther) {
		t.Errorf("a control snapshot in a replica of bookings: %v", err)
	}
}
