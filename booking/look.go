package booking

import (
	"unsafe"

	"github.com/railgate/railgate/internal/memory"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Query asks for the ticket of a code's holder.
type Query struct {
	Day     uint16 // of the code's serial: the pseudonym is that of this day
	Subject tokens.Subject
	Scope   tokens.Scope
	Station revocation.Station // where the code is scanned; zero: not known
	Train   string             // the train that is inspected, scope onboard only; empty: not known
	At      int64              // time of the scan, Unix seconds
	Opens   int64              // how long before departure the gate admits, seconds
}

// Ticket is the answer to a [Query]. Fields after Held are of the ticket that decided, and empty for Unknown and None.
type Ticket struct {
	Held    Held
	Train   string
	Departs int64 // Unix seconds
	Coach   string
	Seat    string
}

// Prefetch begins to load what [Table.Look] with the day and subject needs from memory, and returns at once. A gate calls
// it before it verifies the code, so that the lookup finds the ticket in the processor's cache. It decides nothing.
func (t *Table) Prefetch(day uint16, s tokens.Subject) {
	if d := t.days.Load().day(int64(day)); d != nil {
		x := d.index.Load()
		memory.Prefetch(unsafe.Pointer(&x.slots[x.home(keyOf(s))]))
	}
}

// Look answers a query from memory. It takes no lock and does not allocate; the texts of the answer stay valid.
//
// A ticket counts by scope:
//
//	entry, verify  from the query's station; held from Departs - Opens to Departs
//	exit           to the query's station; held from Departs to Arrives + Grace
//	onboard        of the query's train; held from Departs - Boards to Arrives + Grace
//
// Both ends are included. Before that time it is Early, after it Late. Of several tickets one that is held decides,
// then an early one, then a late one; among these the one whose departure is nearest to the scan; of equally near ones
// the one with the smaller Ticket.
//
// The answer is Unknown if the table cannot tell: for other scopes, without the station or train that the scope needs,
// for a day that was dropped or of which a record could not be read. It is Unknown instead of None, Early and Late if
// another ticket may be missing: the day had no room for one, or the table does not keep all bookings of the station,
// for an onboard query those of all stations.
func (t *Table) Look(q *Query, into *Ticket) {
	*into = Ticket{}
	r, ok := ruleOf(q)
	if !ok {
		return
	}
	l := t.days.Load()
	if int64(q.Day) <= l.dropped {
		return
	}
	d := l.day(int64(q.Day))
	if d == nil {
		if t.complete(q) {
			into.Held = None
		}
		return
	}
	lost := d.lost.Load() // before the tickets: a record that is lost later counts as not received yet
	if lost == unreadable {
		return
	}
	value, ride, held := d.decide(q, &r)
	if held != Valid && !(lost == whole && t.complete(q)) {
		return
	}
	into.Held = held
	if held != None {
		into.Train, into.Departs = ride.train, int64(ride.departs)
		into.Coach, into.Seat = t.coaches.text(coachOf(value)), t.seats.text(seatOf(value))
	}
}

// complete reports whether the table keeps every booking that could be the answer.
func (t *Table) complete(q *Query) bool {
	if q.Scope == tokens.Onboard {
		return len(t.stations) == 0
	}
	return t.keeps(q.Station)
}

// decide returns the answer of a day, and unless it is None the value and the trip of the slot that decides.
func (d *day) decide(q *Query, r *rule) (best uint64, on *trip, held Held) {
	held = None
	x, key := d.index.Load(), keyOf(q.Subject)
	bestAt := 0
	for at := x.home(key); ; at = x.next(at) {
		k := x.slots[at].subject.Load()
		if k == 0 {
			return best, on, held
		}
		if k != key {
			continue
		}
		value := x.slots[at].value.Load()
		if value&cancelledBit == 0 {
			ride := d.trips.trip(value)
			if h := r.held(q, ride); rank[h] > rank[held] || h == held && h != None &&
				nearer(q.At, ride, on, x.tickets[at] < x.tickets[bestAt]) {
				best, on, bestAt, held = value, ride, at, h
			}
		}
		if value&moreBit == 0 {
			return best, on, held
		}
	}
}

// rank orders the answers by which ticket decides.
var rank = [...]uint8{None: 0, Late: 1, Early: 2, Valid: 3}

// nearer reports whether of two tickets with the same answer that of a decides. smaller says whether its number is
// smaller than that of b.
func nearer(at int64, a, b *trip, smaller bool) bool {
	da, db := distance(at, int64(a.departs)), distance(at, int64(b.departs))
	return da < db || da == db && smaller
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
