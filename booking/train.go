package booking

import (
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
)

// OfTrain returns the bookings of a train that count, in no particular order, and the days under whose pseudonyms
// bookings may be missing. Cancelled bookings are left out. It reads the whole table: callers keep the answer for a
// while. [Table.Apply] does not wait for it, and bookings that are applied concurrently may be included or not.
func (t *Table) OfTrain(train string) (list []Booking, lost []uint16) {
	l := t.days.Load()
	for i, d := range l.days {
		if d == nil {
			continue
		}
		number := uint16(l.first + int64(i))
		if d.lost.Load() != whole {
			lost = append(lost, number)
		}
		x := d.index.Load()
		for at := range x.slots {
			key := x.slots[at].subject.Load()
			if key == 0 {
				continue
			}
			value := x.slots[at].value.Load()
			if value&cancelledBit != 0 {
				continue
			}
			if ride := d.trips.trip(value); ride.train == train {
				list = append(list, Booking{Ticket: x.tickets[at], Day: number, Subject: subjectOf(key), From: ride.from, To: ride.to, Train: ride.train,
					Departs: int64(ride.departs), Arrives: int64(ride.arrives), Coach: t.coaches.text(coachOf(value)), Seat: t.seats.text(seatOf(value))})
			}
		}
	}
	return list, lost
}

// subjectOf returns the subject of a key, see keyOf.
func subjectOf(key uint64) (s tokens.Subject) {
	binary.LittleEndian.PutUint64(s[:], key)
	return s
}

// Whole reports whether the table keeps the bookings of all stations.
func (t *Table) Whole() bool { return len(t.stations) == 0 }
