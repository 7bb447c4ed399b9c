package booking_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

func TestBookingsOfATrain(t *testing.T) {
	const departs = int64(1_770_681_600)
	day := uint16(tokens.DayOf(departs))
	table := booking.NewTable(booking.Config{})
	var want []booking.Booking
	for i := range uint64(600) {
		b := booking.Booking{Ticket: i, Day: day + uint16(i%2), Subject: tokens.Subject{byte(i), byte(i >> 8), 1}, From: revocation.StationOf("A"), To: revocation.StationOf("B"),
			Train: []string{"G1", "G2", "G3"}[i%3], Departs: departs, Arrives: departs + 3600, Coach: "01", Seat: "1A"}
		table.Apply(string(b.Append(nil)), departs*1000, departs*1000)
		if i%9 == 0 {
			cancelled := b
			cancelled.Cancelled = true
			table.Apply(string(cancelled.Append(nil)), departs*1000, departs*1000)
		} else if b.Train == "G1" {
			want = append(want, b)
		}
	}
	got, lost := table.OfTrain("G1")
	byTicket := func(a, b booking.Booking) int { return int(a.Ticket) - int(b.Ticket) }
	slices.SortFunc(got, byTicket)
	if !slices.Equal(got, want) || lost != nil {
		t.Errorf("%d bookings, want %d; lost %v", len(got), len(want), lost)
	}
	if got, _ := table.OfTrain("G4"); got != nil {
		t.Errorf("of a train that does not run: %v", got)
	}
	table.Apply(string([]byte{9, byte(day >> 8), byte(day)}), departs*1000, departs*1000)
	if _, lost := table.OfTrain("G4"); !slices.Equal(lost, []uint16{day}) {
		t.Errorf("lost days %v, want %d", lost, day)
	}
	if !table.Whole() || booking.NewTable(booking.Config{Stations: []revocation.Station{{1}}}).Whole() {
		t.Error("a table of one station is whole, or one of all is not")
	}
}
