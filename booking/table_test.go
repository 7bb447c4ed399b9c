package booking_test

import (
	"fmt"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// on returns the booking under another day's pseudonym.
func on(b booking.Booking, day uint16) booking.Booking {
	b.Day = day
	return b
}

func expect(t *testing.T, table *booking.Table, q booking.Query, want booking.Held) {
	t.Helper()
	if got := look(table, q); got.Held != want {
		t.Fatalf("%s, want %s", got.Held, want)
	}
}

func TestCancellationsAreFinal(t *testing.T) {
	q := at(tokens.Entry, beijing, 9*hour)
	table := booking.NewTable(booking.Config{})
	apply(table, ticket(1))
	expect(t, table, q, booking.Valid)
	apply(table, cancel(ticket(1)))
	expect(t, table, q, booking.None)
	apply(table, ticket(1))
	expect(t, table, q, booking.None)
	table.Apply(string(new(ticket(1)).Append(nil)), now+1, now+1)
	expect(t, table, q, booking.None)

	before := booking.NewTable(booking.Config{})
	apply(before, cancel(ticket(1)), ticket(1))
	expect(t, before, q, booking.None)

	// The ticket that a change issued has another reference, and the same cancellation under another pseudonym counts
	// for that only.
	apply(table, ticket(2), cancel(on(ticket(2), today+1)))
	expect(t, table, q, booking.Valid)
}

// Of bookings of one ticket the newest counts, which is the last to arrive if the issuer accepted them in the same
// millisecond.
func TestNewerTimesCount(t *testing.T) {
	delayed := ticket(1)
	delayed.Departs, delayed.Arrives = delayed.Departs+2*hour, delayed.Arrives+2*hour
	q := at(tokens.Entry, beijing, 11*hour)
	for _, c := range []struct {
		name          string
		first, second int64
		want          booking.Held
	}{{"later", now, now + 1, booking.Valid}, {"in the same ms", now, now, booking.Valid}, {"earlier", now, now - 1, booking.Late}} {
		table := booking.NewTable(booking.Config{})
		table.Apply(string(new(ticket(1)).Append(nil)), c.first, now)
		expect(t, table, q, booking.Late)
		table.Apply(string(delayed.Append(nil)), c.second, now)
		if got := look(table, q); got.Held != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Held, c.want)
		}
	}
}

// A day that had no room answers only for tickets that are held; other days are not concerned.
func TestFullTableIsNeverWrong(t *testing.T) {
	table := booking.NewTable(booking.Config{Entries: 2})
	other := ticket(2)
	other.Subject[0]++
	apply(table, ticket(1), on(ticket(1), today+1))
	if s := table.Stats(); s.Full || s.Tickets != 2 {
		t.Fatalf("%+v", s)
	}
	apply(table, other)
	if s := table.Stats(); !s.Full || s.Tickets != 2 || s.NoRoom != 1 || s.LostDays != 1 {
		t.Fatalf("%+v", s)
	}
	q := at(tokens.Entry, beijing, 9*hour)
	expect(t, table, q, booking.Valid)
	expect(t, table, at(tokens.Entry, beijing, 6*hour), booking.Unknown)
	expect(t, table, at(tokens.Entry, beijing, 11*hour), booking.Unknown)
	expect(t, table, at(tokens.Entry, jinan, 9*hour), booking.Unknown)
	stranger := q
	stranger.Subject = other.Subject
	expect(t, table, stranger, booking.Unknown)
	tomorrow := stranger
	tomorrow.Day++
	expect(t, table, tomorrow, booking.None)
	// Changes of known tickets count.
	apply(table, cancel(ticket(1)))
	expect(t, table, q, booking.Unknown)
}

// The records of the home station are counted, from there and to there, whatever their effect and the stations that
// the table keeps.
func TestRecordsOfTheHomeStationAreCounted(t *testing.T) {
	for _, c := range []struct {
		name string
		home revocation.Station
		want uint64
	}{{"departure", beijing, 4}, {"destination", shanghai, 3}, {"another", jinan, 1}, {"none", revocation.Station{}, 0}} {
		for _, stations := range [][]revocation.Station{nil, {jinan}} {
			table := booking.NewTable(booking.Config{Home: c.home, Stations: stations, Entries: 1})
			other := ticket(2)
			other.To = jinan
			apply(table, ticket(1), ticket(1), cancel(ticket(1)), other)
			table.Apply("\x01 not a booking", now, now)
			if got := table.Stats().Home; got != c.want {
				t.Errorf("%s: %d records, want %d", c.name, got, c.want)
			}
		}
	}
}

// The cancellation did not fit, so its booking must not be accepted later, when there is room.
func TestLostCancellationKeepsItsTicketOut(t *testing.T) {
	table := booking.NewTable(booking.Config{Entries: 1})
	apply(table, on(ticket(1), today-2), cancel(ticket(2)))
	later := (midnight + 26*hour) * 1000
	table.Apply("", later, later) // the stream's time
	if s := table.Stats(); s.Tickets != 0 || s.LostDays != 1 {
		t.Fatalf("%+v", s)
	}
	table.Apply(string(new(ticket(2)).Append(nil)), now, later)
	expect(t, table, at(tokens.Entry, beijing, 9*hour), booking.Unknown)
	apply(table, on(ticket(3), today+1))
	if s := table.Stats(); s.Tickets != 1 || s.NoRoom != 2 {
		t.Errorf("%+v", s)
	}
}

// A booking of a form that this gateway does not know makes its day unknown: it may be a cancellation.
func TestUnreadableBookingsMakeTheirDayUnknown(t *testing.T) {
	body := string(new(ticket(2)).Append(nil))
	table := booking.NewTable(booking.Config{})
	apply(table, ticket(1), on(ticket(1), today+1))
	table.Apply("\x03"+body[1:], now, now)
	q := at(tokens.Entry, beijing, 9*hour)
	expect(t, table, q, booking.Unknown)
	q.Day++
	expect(t, table, q, booking.Valid)
	for _, short := range []string{"", "\x03", "\x03\x51"} {
		table.Apply(short, now, now)
	}
	if s := table.Stats(); s.Unreadable != 4 || s.LostDays != 1 || !s.Full {
		t.Errorf("%+v", s)
	}
}

// A day is dropped when both clocks agree that scans under its pseudonyms are over, also late reports of them.
func TestDaysAreDroppedByTwoClocks(t *testing.T) {
	over := (tokens.DayOver(today) + int64(revocation.Afterlife.Seconds())) * 1000
	heartbeat := on(ticket(9), today+3)
	for _, c := range []struct {
		name          string
		issuer, clock int64
		dropped       bool
	}{
		{"both", over, over, true},
		{"a moment before", over - 1, over - 1, false},
		{"this clock is ahead", over - 1, over + 100*dayLong*1000, false},
		{"the issuer is ahead", over + 100*dayLong*1000, over - 1, false},
	} {
		table := booking.NewTable(booking.Config{})
		apply(table, ticket(1), cancel(ticket(2)))
		table.Apply(string(heartbeat.Append(nil)), c.issuer, now)
		want, held := 0, booking.Valid
		if c.dropped {
			want, held = 2, booking.Unknown
		}
		if got := table.Forget(c.clock); got != want {
			t.Errorf("%s: %d tickets dropped, want %d", c.name, got, want)
		}
		expect(t, table, at(tokens.Entry, beijing, 9*hour), held)
		if s := table.Stats(); s.Tickets != 3-want || s.Cancelled != 1-want/2 || c.dropped && s.Days != 1 {
			t.Errorf("%s: %+v", c.name, s)
		}
		// A record that is read again does not bring the day back.
		table.Apply(string(new(ticket(1)).Append(nil)), now, c.clock)
		expect(t, table, at(tokens.Entry, beijing, 9*hour), held)
		if s := table.Stats(); c.dropped != (s.Late == 1) {
			t.Errorf("%s: read again: %+v", c.name, s)
		}
	}
}

// A log of many days is read at once: the table never keeps more than the days that matter.
func TestReadingALongLogIsBounded(t *testing.T) {
	table, most := booking.NewTable(booking.Config{}), 0
	last := (midnight + 60*dayLong) * 1000
	for i := range int64(60) {
		b := on(ticket(uint64(i)), uint16(today+i))
		b.Departs, b.Arrives = b.Departs+i*dayLong, b.Arrives+i*dayLong
		table.Apply(string(b.Append(nil)), b.Departs*1000, last)
		most = max(most, table.Stats().Days)
	}
	if most > 4 {
		t.Errorf("%d days at once", most)
	}
}

func TestDaysOutOfRangeAreIgnored(t *testing.T) {
	table := booking.NewTable(booking.Config{})
	apply(table, ticket(1), on(ticket(2), today+400), on(ticket(3), today+401), on(ticket(4), 1<<16-1))
	apply(table, on(ticket(5), today-2)) // its credentials expired at midnight
	apply(table, on(ticket(6), today-3)) // expired the midnight before: late reports are over
	if s := table.Stats(); s.Tickets != 3 || s.OutOfRange != 2 || s.Late != 1 || s.Full {
		t.Errorf("%+v", s)
	}
}

// Changes of few tickets need memory for their different times only.
func TestChangesDoNotGrowTheTable(t *testing.T) {
	table := booking.NewTable(booking.Config{})
	for i := range int64(100_000) {
		b := ticket(uint64(i % 10))
		b.Departs += i % 100
		table.Apply(string(b.Append(nil)), now+i, now)
	}
	if s := table.Stats(); s.Tickets != 10 || s.Bytes > 16<<10 {
		t.Errorf("%d tickets, %d bytes", s.Tickets, s.Bytes)
	}
	expect(t, table, at(tokens.Entry, beijing, 9*hour), booking.Valid)
}

// Without room for another coach, seat or trip the table does not invent one.
func TestNamesAreBounded(t *testing.T) {
	for what, c := range map[string]struct {
		rename func(b *booking.Booking, to uint64)
		most   int
		room   int
	}{
		"coaches": {func(b *booking.Booking, to uint64) { b.Coach = fmt.Sprint("c", to) }, 0, 1 << 12},
		"seats":   {func(b *booking.Booking, to uint64) { b.Seat = fmt.Sprint("s", to) }, 0, 1 << 18},
		"trips":   {func(b *booking.Booking, to uint64) { b.Train = fmt.Sprint("t", to) }, 1000, 1000},
	} {
		table := booking.NewTable(booking.Config{Entries: c.most})
		// One ticket gets one name after the other, so the bound on tickets is not reached.
		for i := range c.room {
			b := ticket(1)
			c.rename(&b, uint64(i))
			apply(table, b)
		}
		q := at(tokens.Entry, beijing, 9*hour)
		expect(t, table, q, booking.Valid)
		if s := table.Stats(); s.Full || s.Applied != uint64(c.room) {
			t.Errorf("%s: %+v", what, s)
		}
		// A known ticket whose new name has no room does not keep the old one.
		b := ticket(1)
		c.rename(&b, uint64(c.room))
		apply(table, b)
		expect(t, table, q, booking.Unknown)
		b.Ticket = 2
		apply(table, b)
		expect(t, table, q, booking.Unknown)
		if s := table.Stats(); !s.Full || s.NoRoom != 2 || s.Tickets != 1 || s.Cancelled != 1 {
			t.Errorf("%s: %+v", what, s)
		}
	}
}
