package booking

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// DefaultEntries is the default bound of a table: about 130 MB if it is reached. Our choice: four times the bookings
// of a great station under the pseudonyms of the days that can be valid at the same time.
const DefaultEntries = 2_000_000

// maxEntries bounds [Config.Entries]: a slot has 32 bits for the number of an entry.
const maxEntries = 1 << 30

// maxAhead is how many days ahead of now a booking can be. Our choice: the issuer accepts journeys of up to 366 days
// ahead.
const maxAhead = 400

// Config configures a [Table].
type Config struct {
	// Stations are the stations of which all bookings are kept, those from there and those to there. Empty: all.
	Stations []revocation.Station
	// Entries bounds the tickets of all days together, at most 1<<30. A ticket counts once for each of its pseudonyms,
	// a cancelled one too. 0: DefaultEntries.
	Entries int
}

// Table contains the bookings of some stations. [Table.Look] takes no lock and may run concurrently with all other
// methods. The other methods may be called from several goroutines and take a lock.
//
// Bookings are kept by the railway day of their pseudonym, and whole days are dropped when every credential of the day
// has expired. The table never drops a booking to make room. If one does not fit, its day accepts no further tickets, and the
// answers for the day are Valid or Unknown until it is dropped. If one cannot be read, they are Unknown.
type Table struct {
	// immutable
	stations []revocation.Station
	most     int

	days  atomic.Pointer[dayList] // replaced whole
	names names

	mu     sync.Mutex
	newest int64 // the stream's time: the newest time of a booking, Unix ms
	turned int64 // railway day in which days were last dropped
	stats  Stats // without the fields that count memory
}

// dayList covers consecutive railway days; a nil element has no booking.
type dayList struct {
	dropped int64 // all days up to this one were dropped
	first   int64
	days    []*day
}

func (l *dayList) day(number int64) *day {
	if i := number - l.first; i >= 0 && i < int64(len(l.days)) {
		return l.days[i]
	}
	return nil
}

var _ revocation.BookingSink = (*Table)(nil)

// NewTable returns an empty table.
func NewTable(c Config) *Table {
	t := &Table{stations: slices.Clone(c.Stations), most: min(c.Entries, maxEntries)}
	if t.most <= 0 {
		t.most = DefaultEntries
	}
	t.days.Store(&dayList{})
	t.names.init()
	return t
}

// Apply applies one record of the stream, a body in the form of [Parse]. at is when the issuer accepted it and now is
// this gateway's time, Unix ms. It keeps bookings from or to the table's stations. Of the records of one ticket under
// one subject a cancellation counts, or else the booking with the greatest at, of equal ones the last to arrive.
// Records may therefore be repeated, and come in any order, from several partitions and after their cancellation. A
// cancelled ticket is never booked again: ticketing systems issue another one.
//
// Apply never fails, whatever the bytes are; [Stats] counts the outcomes.
func (t *Table) Apply(body string, at, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newest = max(t.newest, at)
	t.turnDay(now)
	number, ok := dayOf(body)
	switch {
	case !ok:
		t.stats.Unreadable++
		return
	case int64(number) <= t.days.Load().dropped:
		t.stats.Late++
		return
	case int64(number) > tokens.DayOf(max(now, t.newest)/1000)+maxAhead:
		t.stats.OutOfRange++
		return
	}
	b, err := Parse(body)
	if err != nil {
		t.stats.Unreadable++
		t.day(number).lose(unreadable)
		return
	}
	t.applyBooking(&b, at)
}

// applyBooking is Apply for a parsed record of a day that matters; t.mu is held.
func (t *Table) applyBooking(b *Booking, at int64) {
	kept := t.keeps(b.From) || t.keeps(b.To)
	d := t.days.Load().day(int64(b.Day))
	if d == nil {
		if !kept {
			t.stats.Elsewhere++
			return
		}
		d = t.day(b.Day)
	}
	slot, old := d.find(b.Subject, b.Ticket)
	if old == nil {
		switch {
		case !kept:
			t.stats.Elsewhere++
			return
		case d.lost.Load() != whole:
			t.stats.NoRoom++
			return
		}
	}
	e, ok := t.entry(b, at)
	switch {
	case old != nil && (e.version < old.version || e == *old):
		t.stats.Repeated++
	case old == nil && (!ok || t.stats.Tickets >= t.most):
		t.stats.NoRoom++
		d.lose(lossy)
	case !ok: // the old booking does not count any more, and there is no room for the names of the new one
		t.stats.NoRoom++
		d.lose(lossy)
		t.stats.Cancelled++
		d.cancelled++
		d.put(slot, &entry{subject: b.Subject, ticket: b.Ticket, version: cancelled})
	default:
		t.stats.Applied++
		if old == nil {
			t.stats.Tickets++
		}
		if b.Cancelled && (old == nil || old.version != cancelled) {
			t.stats.Cancelled++
			d.cancelled++
		}
		d.put(slot, &e)
	}
}

// entry returns the entry of a record; ok is false if there is no room for its names. t.mu is held.
func (t *Table) entry(b *Booking, at int64) (e entry, ok bool) {
	e = entry{subject: b.Subject, ticket: b.Ticket, version: cancelled}
	if b.Cancelled {
		return e, true
	}
	e.version, e.departs, e.arrives = uint64(at), uint32(b.Departs), uint32(b.Arrives)
	var fits [5]bool
	e.train, fits[0] = t.names.label(b.Train)
	e.coach, fits[1] = t.names.label(b.Coach)
	e.seat, fits[2] = t.names.label(b.Seat)
	e.from, fits[3] = t.names.station(b.From)
	e.to, fits[4] = t.names.station(b.To)
	return e, fits == [5]bool{true, true, true, true, true}
}

// keeps reports whether the table keeps all bookings of the station.
func (t *Table) keeps(s revocation.Station) bool {
	return len(t.stations) == 0 || slices.Contains(t.stations, s)
}

// day returns a day and creates it if it does not exist; t.mu is held.
func (t *Table) day(number uint16) *day {
	l, n := t.days.Load(), int64(number)
	if d := l.day(n); d != nil {
		return d
	}
	first, last := n, n
	if len(l.days) > 0 {
		first, last = min(n, l.first), max(n, l.first+int64(len(l.days))-1)
	}
	l = l.spread(first, last)
	d := newDay()
	l.days[n-first] = d
	t.days.Store(l)
	return d
}

// spread returns a copy that covers exactly the days from first to last.
func (l *dayList) spread(first, last int64) *dayList {
	s := &dayList{dropped: l.dropped, first: first, days: make([]*day, max(0, last-first+1))}
	for i := range s.days {
		s.days[i] = l.day(first + int64(i))
	}
	return s
}
