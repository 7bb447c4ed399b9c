package booking_test

import (
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// now is noon, Unix ms; records are accepted at that time unless a test says otherwise.
var now = (midnight + 12*hour) * 1000

// apply sends bookings to a table in their order.
func apply(table *booking.Table, all ...booking.Booking) {
	for _, b := range all {
		table.Apply(string(b.Append(nil)), now, now)
	}
}

func look(table *booking.Table, q booking.Query) booking.Ticket {
	into := booking.Ticket{Held: booking.Valid, Train: "left over", Departs: 1, Coach: "left over", Seat: "left over"}
	table.Look(&q, &into)
	return into
}

// at asks for the subject of ticket, at a scope and station, some seconds after midnight.
func at(scope tokens.Scope, station revocation.Station, seconds int64) booking.Query {
	return booking.Query{Day: today, Subject: ticket(0).Subject, Scope: scope, Station: station, At: midnight + seconds, Opens: 3 * hour}
}

func onboard(train string, seconds int64) booking.Query {
	q := at(tokens.Onboard, revocation.Station{}, seconds)
	q.Train = train
	return q
}

// The ticket departs at ten, arrives at fifteen o'clock, and gates open three hours before.
func TestLookByScopeAndTime(t *testing.T) {
	const departs, arrives = 10 * hour, 15 * hour
	const overlong = arrives + booking.Grace
	everything := booking.NewTable(booking.Config{})
	apply(everything, ticket(1))
	for _, c := range []struct {
		name string
		q    booking.Query
		want booking.Held
	}{
		{"entry a second early", at(tokens.Entry, beijing, departs-3*hour-1), booking.Early},
		{"entry as it opens", at(tokens.Entry, beijing, departs-3*hour), booking.Valid},
		{"entry as the train leaves", at(tokens.Entry, beijing, departs), booking.Valid},
		{"entry a second late", at(tokens.Entry, beijing, departs+1), booking.Late},
		{"entry at the destination", at(tokens.Entry, shanghai, departs), booking.None},
		{"entry elsewhere", at(tokens.Entry, jinan, departs), booking.None},
		{"entry at no station", at(tokens.Entry, revocation.Station{}, departs), booking.Unknown},
		{"verify as it opens", at(tokens.Verify, beijing, departs-3*hour), booking.Valid},
		{"verify at the destination", at(tokens.Verify, shanghai, departs), booking.None},
		{"exit before departure", at(tokens.Exit, shanghai, departs-1), booking.Early},
		{"exit from departure", at(tokens.Exit, shanghai, departs), booking.Valid},
		{"exit a day late", at(tokens.Exit, shanghai, overlong), booking.Valid},
		{"exit more than a day late", at(tokens.Exit, shanghai, overlong+1), booking.Late},
		{"exit at the start", at(tokens.Exit, beijing, arrives), booking.None},
		{"onboard before boarding", onboard("G101", departs-booking.Boards-1), booking.Early},
		{"onboard while boarding", onboard("G101", departs-booking.Boards), booking.Valid},
		{"onboard at the end", onboard("G101", overlong), booking.Valid},
		{"onboard after the end", onboard("G101", overlong+1), booking.Late},
		{"onboard another train", onboard("G103", departs), booking.None},
		{"onboard no train", onboard("", departs), booking.Unknown},
		{"sale", at(tokens.Sale, beijing, departs), booking.Unknown},
		{"refund", at(tokens.Refund, beijing, departs), booking.Unknown},
		{"change", at(tokens.Change, beijing, departs), booking.Unknown},
		{"no scope", at(0, beijing, departs), booking.Unknown},
	} {
		got := look(everything, c.q)
		want := booking.Ticket{Held: c.want}
		if c.want > booking.None {
			want = booking.Ticket{Held: c.want, Train: "G101", Departs: midnight + departs, Coach: "05", Seat: "12F"}
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

func TestLookForOthers(t *testing.T) {
	table := booking.NewTable(booking.Config{})
	apply(table, ticket(1))
	stranger := at(tokens.Entry, beijing, 9*hour)
	stranger.Subject[7] = 1
	if got := look(table, stranger); got.Held != booking.None {
		t.Errorf("another subject: %+v", got)
	}
	tomorrow := at(tokens.Entry, beijing, 9*hour)
	tomorrow.Day++
	if got := look(table, tomorrow); got.Held != booking.None {
		t.Errorf("the subject on another day: %+v", got)
	}
	noDay := at(tokens.Entry, beijing, 9*hour)
	noDay.Day = 0
	if got := look(table, noDay); got.Held != booking.Unknown {
		t.Errorf("no day: %+v", got)
	}
}

// A table of one station answers for that station; it knows only some of the tickets of others.
func TestTableOfOneStation(t *testing.T) {
	table := booking.NewTable(booking.Config{Stations: []revocation.Station{beijing}})
	back := ticket(2)
	back.From, back.To, back.Departs, back.Arrives = shanghai, beijing, midnight+16*hour, midnight+21*hour
	foreign := ticket(3)
	foreign.From, foreign.Train = jinan, "G7"
	apply(table, ticket(1), back, foreign)
	for _, c := range []struct {
		name string
		q    booking.Query
		want booking.Held
	}{
		{"entry here", at(tokens.Entry, beijing, 9*hour), booking.Valid},
		{"exit here", at(tokens.Exit, beijing, 22*hour), booking.Valid},
		{"entry here, too late", at(tokens.Entry, beijing, 11*hour), booking.Late},
		{"a known ticket elsewhere", at(tokens.Exit, shanghai, 15*hour), booking.Valid},
		{"perhaps another ticket elsewhere", at(tokens.Exit, shanghai, 9*hour), booking.Unknown},
		{"perhaps a ticket elsewhere", at(tokens.Entry, jinan, 9*hour), booking.Unknown},
		{"a known train", onboard("G101", 12*hour), booking.Valid},
		{"perhaps another ticket on the train", onboard("G101", 7*hour), booking.Unknown},
		{"perhaps a ticket on another train", onboard("G7", 12*hour), booking.Unknown},
	} {
		if got := look(table, c.q); got.Held != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.Held, c.want)
		}
	}
	if s := table.Stats(); s.Tickets != 2 || s.Elsewhere != 1 {
		t.Errorf("%+v", s)
	}
}

// Of several tickets the same one decides, in whatever order they came.
func TestWhichTicketDecides(t *testing.T) {
	departing := func(number uint64, seconds int64, train string) booking.Booking {
		b := ticket(number)
		b.Departs, b.Arrives, b.Train = midnight+seconds, midnight+seconds+hour, train
		return b
	}
	left, lately, soon, sooner := departing(1, 6*hour, "left"), departing(2, 8*hour, "lately"), departing(9, 11*hour, "soon"), departing(4, 10*hour, "sooner")
	tomorrow, twin := departing(5, 34*hour, "tomorrow"), departing(6, 34*hour, "twin")
	for _, c := range []struct {
		name string
		all  []booking.Booking
		want string
	}{
		{"held before early and late", []booking.Booking{left, tomorrow, soon}, "soon"},
		{"early before late", []booking.Booking{left, tomorrow}, "tomorrow"},
		{"the nearest that is held", []booking.Booking{soon, sooner}, "sooner"},
		{"the nearest that has left", []booking.Booking{left, lately}, "lately"},
		{"the smaller ticket", []booking.Booking{twin, tomorrow}, "tomorrow"},
	} {
		reversed := make([]booking.Booking, 0, len(c.all))
		for i := range c.all {
			reversed = append(reversed, c.all[len(c.all)-1-i])
		}
		for _, order := range [][]booking.Booking{c.all, reversed} {
			table := booking.NewTable(booking.Config{})
			apply(table, order...)
			if got := look(table, at(tokens.Entry, beijing, 9*hour)); got.Train != c.want {
				t.Errorf("%s: %+v, want %s", c.name, got, c.want)
			}
		}
	}
}
