package booking

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// DefaultEntries is the default bound of a table: about 0.6 GB if it is reached. Our choice: the bookings of the
// greatest station, see docs/tickets.md.
const DefaultEntries = 10_000_000

// MaxEntries bounds [Config.Entries]: the different trips of a day have 28 bits.
const MaxEntries = maxTrips

// maxAhead is how many days ahead of now a booking can be. Our choice: the issuer accepts journeys of up to 366 days
// ahead.
const maxAhead = 400

// Config configures a [Table].
type Config struct {
	// Stations are the stations of which all bookings are kept, those from there and those to there. Empty: all.
	Stations []revocation.Station
	// Entries bounds the tickets of all days together. A ticket counts once for each of its pseudonyms, a cancelled
	// one too. It also bounds the different trips: trains between two stations. 0: DefaultEntries.
	Entries int
	// Home is the gateway's own station: Stats.Home counts its records. Zero: none.
	Home revocation.Station
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
	home     revocation.Station

	days           atomic.Pointer[dayList] // replaced whole
	coaches, seats *labels

	mu     sync.Mutex
	newest int64 // the stream's time: the newest time of a booking, Unix ms
	turned int64 // railway day in which days were last dropped
	trips  int   // of all days
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
	t := &Table{stations: slices.Clone(c.Stations), most: c.Entries, home: c.Home, coaches: newLabels(maxCoaches), seats: newLabels(maxSeats)}
	if t.most <= 0 {
		t.most = DefaultEntries
	}
	t.days.Store(&dayList{})
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
		t.addDay(number).lose(unreadable)
		return
	}
	if t.home != (revocation.Station{}) && (b.From == t.home || b.To == t.home) {
		t.stats.Home++
	}
	t.applyBooking(&b, at)
}

// applyBooking is Apply for a parsed record of a day that matters; t.mu is held.
func (t *Table) applyBooking(b *Booking, at int64) {
	d, key, known := t.days.Load().day(int64(b.Day)), keyOf(b.Subject), -1
	if d != nil {
		known = d.index.Load().find(key, b.Ticket)
	}
	if known >= 0 {
		t.change(d, known, b, at)
		return
	}
	if !t.keeps(b.From) && !t.keeps(b.To) {
		t.stats.Elsewhere++
		return
	}
	if d == nil {
		d = t.addDay(b.Day)
	}
	value, ok := uint64(0), d.lost.Load() == whole && t.stats.Tickets < t.most
	if ok {
		value, ok = t.value(d, b)
	}
	if !ok {
		t.stats.NoRoom++
		d.lose(lossy)
		return
	}
	t.stats.Applied++
	t.stats.Tickets++
	if b.Cancelled {
		t.stats.Cancelled++
		d.cancelled++
	}
	d.add(key, b.Ticket, value, at)
}

// change applies a record of a ticket that is known, at a slot of the day; t.mu is held.
func (t *Table) change(d *day, slot int, b *Booking, at int64) {
	x := d.index.Load()
	old, version := x.slots[slot].value.Load()&^moreBit, x.versions[slot]
	if old&cancelledBit != 0 || !b.Cancelled && at < version {
		t.stats.Repeated++
		return
	}
	value, ok := t.value(d, b)
	switch {
	case !ok: // the known booking does not count any more, and there is no room for the new one
		t.stats.NoRoom++
		d.lose(lossy)
		value = cancelledBit
	case value == old:
		t.stats.Repeated++
	default:
		t.stats.Applied++
	}
	if value&cancelledBit != 0 {
		t.stats.Cancelled++
		d.cancelled++
	}
	d.replace(slot, value, at)
}

// value returns the value of a ticket's slot; ok is false if there is no room for its trip, coach or seat. t.mu is held.
func (t *Table) value(d *day, b *Booking) (value uint64, ok bool) {
	if b.Cancelled {
		return cancelledBit, true
	}
	coach, ok1 := t.coaches.number(b.Coach)
	seat, ok2 := t.seats.number(b.Seat)
	ride := trip{b.From, b.To, uint32(b.Departs), uint32(b.Arrives), b.Train}
	number, ok := d.trips.number(&ride)
	if !ok && t.trips < min(t.most, maxTrips) {
		number, ok = d.trips.add(&ride), true
		t.trips++
	}
	return uint64(number)<<tripShift | uint64(coach)<<coachShift | uint64(seat), ok && ok1 && ok2
}

// keeps reports whether the table keeps all bookings of the station.
func (t *Table) keeps(s revocation.Station) bool {
	return len(t.stations) == 0 || slices.Contains(t.stations, s)
}

// addDay returns a day and creates it if it does not exist; t.mu is held.
func (t *Table) addDay(number uint16) *day {
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
