package booking_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// record is one record of a log.
type record struct {
	booking.Booking
	at int64 // Unix ms
}

func (r record) applyTo(table *booking.Table) {
	table.Apply(string(r.Append(nil)), r.at, now)
}

// model is the plain meaning of a log: for each ticket under each subject of each day the record that counts.
type model map[ticketKey]record

type ticketKey struct {
	day     uint16
	subject tokens.Subject
	ticket  uint64
}

func (m model) apply(r record) {
	key := ticketKey{r.Day, r.Subject, r.Ticket}
	old, ok := m[key]
	if !ok || r.Cancelled || !old.Cancelled && r.at >= old.at {
		m[key] = r
	}
}

// look answers a query from all tickets, one scope after the other.
func (m model) look(q booking.Query) booking.Ticket {
	if (q.Scope == tokens.Entry || q.Scope == tokens.Exit || q.Scope == tokens.Verify) && q.Station == (revocation.Station{}) ||
		q.Scope == tokens.Onboard && q.Train == "" || q.Scope&(tokens.Entry|tokens.Exit|tokens.Verify|tokens.Onboard) == 0 {
		return booking.Ticket{}
	}
	classes := map[booking.Held][]record{}
	for key, r := range m {
		if key.day != q.Day || key.subject != q.Subject || r.Cancelled {
			continue
		}
		var opens, closes int64
		switch {
		case (q.Scope == tokens.Entry || q.Scope == tokens.Verify) && r.From == q.Station:
			opens, closes = r.Departs-q.Opens, r.Departs
		case q.Scope == tokens.Exit && r.To == q.Station:
			opens, closes = r.Departs, r.Arrives+24*hour
		case q.Scope == tokens.Onboard && r.Train == q.Train:
			opens, closes = r.Departs-2*hour, r.Arrives+24*hour
		default:
			continue
		}
		class := booking.Valid
		if q.At < opens {
			class = booking.Early
		} else if q.At > closes {
			class = booking.Late
		}
		classes[class] = append(classes[class], r)
	}
	for _, class := range []booking.Held{booking.Valid, booking.Early, booking.Late} {
		if all := classes[class]; len(all) > 0 {
			slices.SortFunc(all, func(a, b record) int {
				if da, db := abs(a.Departs-q.At), abs(b.Departs-q.At); da != db {
					return int(da - db)
				}
				if a.Ticket < b.Ticket {
					return -1
				}
				return 1
			})
			return booking.Ticket{Held: class, Train: all[0].Train, Departs: all[0].Departs, Coach: all[0].Coach, Seat: all[0].Seat}
		}
	}
	return booking.Ticket{Held: booking.None}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

var someStations = []revocation.Station{beijing, shanghai, jinan}

// randomLog returns records about few subjects with many tickets. Times of a ticket change; its stations and train do
// not, because a changed ticket has another reference. No two records have the same time.
func randomLog(rng *rand.Rand, records int) (log []record) {
	var issued []booking.Booking
	for i := range records {
		at := now - int64(records-i)
		if len(issued) > 0 && rng.IntN(3) == 0 {
			b := issued[rng.IntN(len(issued))]
			if rng.IntN(2) == 0 {
				b = cancel(b)
			} else {
				late := rng.Int64N(hour)
				b.Departs, b.Arrives = b.Departs+late, b.Arrives+late
				b.Seat = fmt.Sprint(rng.IntN(100), "F")
			}
			log = append(log, record{b, at})
			continue
		}
		departs := midnight - dayLong + rng.Int64N(3*dayLong)
		from := rng.IntN(len(someStations))
		b := booking.Booking{
			Ticket: rng.Uint64N(40) + 1<<60, Day: uint16(today + rng.IntN(3) - 1), Subject: [8]byte{1: byte(1 + rng.IntN(12))},
			From: someStations[from], To: someStations[(from+1+rng.IntN(2))%3], Departs: departs, Arrives: departs + 1 + rng.Int64N(dayLong),
			Train: fmt.Sprint("G", rng.IntN(5)), Coach: fmt.Sprintf("%02d", rng.IntN(16)+1), Seat: fmt.Sprint(rng.IntN(20)+1, "A"),
		}
		key := ticketKey{b.Day, b.Subject, b.Ticket}
		if slices.ContainsFunc(issued, func(i booking.Booking) bool { return ticketKey{i.Day, i.Subject, i.Ticket} == key }) {
			continue // a reference is used once
		}
		issued = append(issued, b)
		log = append(log, record{b, at})
	}
	return log
}

func randomQuery(rng *rand.Rand) booking.Query {
	scopes := []tokens.Scope{tokens.Entry, tokens.Exit, tokens.Onboard, tokens.Verify, tokens.Sale}
	q := booking.Query{
		Day: uint16(today + rng.IntN(3) - 1), Subject: [8]byte{1: byte(1 + rng.IntN(12))}, Scope: scopes[rng.IntN(len(scopes))],
		Station: someStations[rng.IntN(len(someStations))], At: midnight - dayLong + rng.Int64N(4*dayLong), Opens: rng.Int64N(4 * hour),
	}
	if q.Scope == tokens.Onboard {
		q.Train = fmt.Sprint("G", rng.IntN(5))
	}
	return q
}

// Whatever the order of a log, and however often its records come, a table answers like the model.
func TestTablesAnswerLikeTheModel(t *testing.T) {
	var seen [5]int
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 18))
		log := randomLog(rng, 10+rng.IntN(400))
		want := model{}
		for _, r := range log {
			want.apply(r)
		}
		shuffled := append(slices.Clone(log), log[:rng.IntN(len(log))]...)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		ordered, other := booking.NewTable(booking.Config{}), booking.NewTable(booking.Config{})
		for _, r := range log {
			r.applyTo(ordered)
		}
		for _, r := range shuffled {
			r.applyTo(other)
		}
		for range 300 {
			q := randomQuery(rng)
			answer := want.look(q)
			seen[answer.Held]++
			for order, table := range map[string]*booking.Table{"in order": ordered, "shuffled": other} {
				if got := look(table, q); got != answer {
					t.Fatalf("seed %d, %s: %+v\n got %+v\nwant %+v", seed, order, q, got, answer)
				}
			}
		}
		for order, table := range map[string]*booking.Table{"in order": ordered, "shuffled": other} {
			if s := table.Stats(); s.Tickets != len(want) || s.Cancelled != want.cancelled() || s.Full {
				t.Fatalf("seed %d, %s: %+v, want %d tickets, %d cancelled", seed, order, s, len(want), want.cancelled())
			}
		}
	}
	for held, n := range seen {
		if n < 500 {
			t.Errorf("only %d answers were %s", n, booking.Held(held))
		}
	}
}

func (m model) cancelled() (n int) {
	for r := range maps.Values(m) {
		if r.Cancelled {
			n++
		}
	}
	return n
}

// While a log is read again from its start, every answer is that of its end: no cancelled ticket returns and no older
// time counts.
func TestRereadingShowsNoOlderState(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 19))
		log, want, table := randomLog(rng, 200), model{}, booking.NewTable(booking.Config{})
		for _, r := range log {
			want.apply(r)
			r.applyTo(table)
		}
		for i, r := range log {
			r.applyTo(table)
			for range 5 {
				q := randomQuery(rng)
				if got, answer := look(table, q), want.look(q); got != answer {
					t.Fatalf("seed %d, %d records read again: %+v\n got %+v\nwant %+v", seed, i+1, q, got, answer)
				}
			}
		}
	}
}

// A table without room or with few stations answers like the model or Unknown, whatever the order.
func TestTablesWithoutAllTicketsAreNeverWrong(t *testing.T) {
	certain, unknown := 0, 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 20))
		log, want := randomLog(rng, 10+rng.IntN(200)), model{}
		for _, r := range log {
			want.apply(r)
		}
		c := booking.Config{}
		if rng.IntN(3) != 0 {
			c.Entries = 1 + rng.IntN(len(log))
		}
		if rng.IntN(2) == 0 {
			c.Stations = someStations[:1+rng.IntN(2)]
		}
		if rng.IntN(2) == 0 {
			rng.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
		}
		table := booking.NewTable(c)
		for _, r := range log {
			r.applyTo(table)
		}
		for range 200 {
			q := randomQuery(rng)
			got, answer := look(table, q), want.look(q)
			switch {
			case got == (booking.Ticket{}):
				unknown++
			case got.Held == answer.Held:
				certain++
			default:
				t.Fatalf("seed %d, %+v: %+v\n got %+v\nwant %+v", seed, c, q, got, answer)
			}
		}
		if s := table.Stats(); c.Entries > 0 && s.Tickets > c.Entries || s.Full != (s.NoRoom > 0) {
			t.Fatalf("seed %d, %+v: %+v", seed, c, s)
		}
	}
	if certain < 10_000 || unknown < 10_000 {
		t.Errorf("%d certain answers, %d unknown", certain, unknown)
	}
}
