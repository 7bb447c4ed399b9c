package booking

import (
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// past returns the time, Unix seconds, before which credentials must have expired for bookings under their pseudonyms
// to be dropped: the afterlife ago, because scans made without a network are judged later. It uses the earlier of two
// clocks, this gateway's (now, Unix ms) and the issuer's as seen in the bookings. If one clock jumps ahead and is
// corrected, no booking is lost. t.mu is held.
func (t *Table) past(now int64) int64 {
	return min(now, t.newest)/1000 - int64(revocation.Afterlife/time.Second)
}

// turnDay drops days when a new railway day begins. This bounds memory while a log of many days is read. t.mu is held.
func (t *Table) turnDay(now int64) {
	if day := tokens.DayOf(t.past(now)); day > t.turned {
		t.turned = day
		t.forget(t.past(now))
	}
}

// Forget drops the days of which every credential had expired [revocation.Afterlife] before now (Unix ms) and before
// the newest booking. It returns the number of tickets dropped. [Table.Apply] also does this once a day; Forget bounds
// memory if there are no bookings.
func (t *Table) Forget(now int64) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.forget(t.past(now))
}

// forget is called with t.mu held; past is Unix seconds.
func (t *Table) forget(past int64) (tickets int) {
	l := t.days.Load()
	dropped := tokens.DayOf(past) - 2 // the last day that is over: DayOver is the start of the day after the next
	if dropped <= l.dropped {
		return 0
	}
	first, last := l.first, l.first+int64(len(l.days))-1
	for ; first <= min(dropped, last); first++ {
		if d := l.day(first); d != nil {
			tickets += d.tickets
			t.stats.Cancelled -= d.cancelled
			t.trips -= len(d.trips.numbers)
		}
	}
	for first <= last && l.day(first) == nil {
		first++
	}
	s := l.spread(first, last)
	s.dropped = dropped
	t.days.Store(s)
	t.stats.Tickets -= tickets
	return tickets
}

// Stats describes a table for metrics and status pages.
type Stats struct {
	Tickets   int  // in the table; a ticket counts once for each of its pseudonyms
	Cancelled int  // of them cancelled
	Days      int  // railway days that have tickets
	LostDays  int  // of them days that lost a record
	Full      bool // LostDays is not 0
	Bytes     int  // memory of the table, about

	// Records since the start.
	Applied    uint64 // they changed the table
	Repeated   uint64 // known, or older than a known record of the ticket
	Elsewhere  uint64 // of other stations
	Late       uint64 // of days that are over
	OutOfRange uint64 // of days more than a year ahead
	Unreadable uint64 // not in the form of Parse: this gateway may need an update
	NoRoom     uint64 // there was no room for them
	Home       uint64 // from or to [Config.Home], whatever their effect was
}

// Stats returns the table's present state.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Bytes = t.coaches.bytes + t.seats.bytes
	for _, d := range t.days.Load().days {
		if d == nil {
			continue
		}
		s.Days++
		s.Bytes += d.bytes()
		if d.lost.Load() != whole {
			s.LostDays++
		}
	}
	s.Full = s.LostDays > 0
	return s
}
