package revocation_test

import (
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// A gateway that needs one partition of the bookings is ready and fresh by that one, and its status does not mention
// the others.
func TestBookingsAreReadInPart(t *testing.T) {
	r, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), 3, revocation.Limits{}, start-1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ReadOnly(1); err != nil || r.Reads(0) || !r.Reads(1) || r.Reads(2) {
		t.Fatalf("%v; reads %v %v %v", err, r.Reads(0), r.Reads(1), r.Reads(2))
	}
	if s := r.Status(start); s.State != revocation.Booting || len(s.Waiting) != 1 {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
	r.SetTargetOffset(1, 0)
	b := revocation.Batch{Domain: revocation.Bookings, Epoch: 1, Partition: 1, First: 1, IssuedAt: start, Through: start}
	if o := r.Apply(1, revocationtest.Seal(b, book("a", start)), start); o != revocation.Applied {
		t.Fatal(o)
	}
	if s := r.Status(start); s.State != revocation.Fresh || s.WatermarkMS != start || s.Waiting != nil {
		t.Fatalf("%s, watermark %d, waiting for %q", s.State, s.WatermarkMS, s.Waiting)
	}
	const later = start + 60_000
	if s := r.Status(later); s.State != revocation.Stale || len(s.Silence) != 1 {
		t.Fatalf("%s, silent: %q", s.State, s.Silence)
	}
}

// A replica that left out a partition of the control stream would miss revocations.
func TestControlStreamIsReadWhole(t *testing.T) {
	if err := newHarness(t, 3).ReadOnly(1); err == nil {
		t.Error("a control replica accepts to read in part")
	}
	r, err := revocation.NewReplica(revocationtest.Pinned().In(revocation.Bookings), 3, revocation.Limits{}, start-1)
	if err != nil {
		t.Fatal(err)
	}
	for _, numbers := range [][]int{nil, {-1}, {3}, {0, 3}} {
		if err := r.ReadOnly(numbers...); err == nil {
			t.Errorf("partitions %v of 3 are accepted", numbers)
		}
	}
}
