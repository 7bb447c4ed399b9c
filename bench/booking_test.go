package bench

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Half a million bookings from one station to 300 others on 400 trains, under the pseudonyms of three days.
const (
	bookedCount = 500_000
	bookedDays  = 3
	gateOpens   = 3 * 3600
)

var gateStation = revocation.StationOf("gate")

// booked is the bookings of a station in both forms, and the queries of its entry gates.
type booked struct {
	list    []booking.Booking // in the order of the log
	table   *booking.Table
	plain   *plainBookings
	queries []booking.Query // nine of ten of a person with a booking
}

var theBooked = sync.OnceValue(func() *booked {
	random := rand.New(rand.NewPCG(7, 8))
	b := &booked{}
	subject := func() (s tokens.Subject) {
		binary.BigEndian.PutUint64(s[:], random.Uint64())
		return s
	}
	for range bookedCount {
		train := random.IntN(400)
		departs := int64(now) - 12*3600 + int64(train)*216
		b.list = append(b.list, booking.Booking{
			Ticket: random.Uint64(), Day: uint16(tokens.DayOf(now)) - uint16(random.IntN(bookedDays)), Subject: subject(),
			From: gateStation, To: revocation.StationOf(fmt.Sprint("station ", train%300)), Train: fmt.Sprint("G", train),
			Departs: departs, Arrives: departs + 5*3600,
			Coach: fmt.Sprintf("%02d", 1+random.IntN(16)), Seat: fmt.Sprintf("%02d%c", 1+random.IntN(20), "ABCDF"[random.IntN(5)]),
		})
	}
	for range lookups {
		of := &b.list[random.IntN(len(b.list))]
		q := booking.Query{Day: of.Day, Subject: of.Subject, Scope: tokens.Entry, Station: gateStation, At: now, Opens: gateOpens}
		if random.IntN(10) == 0 {
			q.Subject = subject()
		}
		b.queries = append(b.queries, q)
	}
	b.table, b.plain = buildBooked(bodiesOf(b.list)), buildPlainBooked(bodiesOf(b.list))
	return b
})

// bodiesOf returns the bookings as the stream has them.
func bodiesOf(list []booking.Booking) (bodies []string) {
	for i := range list {
		bodies = append(bodies, string(list[i].Append(nil)))
	}
	return bodies
}

func buildBooked(bodies []string) *booking.Table {
	table := booking.NewTable(booking.Config{Stations: []revocation.Station{gateStation}})
	for _, body := range bodies {
		table.Apply(body, now*1000, now*1000)
	}
	return table
}

func buildPlainBooked(bodies []string) *plainBookings {
	p := &plainBookings{tickets: map[dayOfSubject][]booking.Booking{}}
	for _, body := range bodies {
		p.apply(body)
	}
	return p
}

// BenchmarkBookingLookup asks for the tickets of random persons among half a million bookings. ours-prefetched begins
// to load a ticket some lookups before it asks for it, as a gate does before it checks the code: it is the work of a
// lookup without the wait for memory.
func BenchmarkBookingLookup(b *testing.B) {
	all := theBooked()
	for _, rival := range []struct {
		name string
		look func(*booking.Query, *booking.Ticket)
	}{{"ours", all.table.Look}, {"ours-prefetched", all.table.Look}, {"plain-map-rwmutex", all.plain.look}} {
		b.Run(rival.name, func(b *testing.B) {
			b.ReportAllocs()
			var answers [booking.Valid + 1]int
			var into booking.Ticket
			for i := 0; b.Loop(); i++ {
				if ahead := &all.queries[(i+8)%lookups]; rival.name == "ours-prefetched" {
					all.table.Prefetch(ahead.Day, ahead.Subject)
				}
				rival.look(&all.queries[i%lookups], &into)
				answers[into.Held]++
			}
			if b.N >= lookups && (answers[booking.Unknown] != 0 || min(answers[booking.None], answers[booking.Early], answers[booking.Late], answers[booking.Valid]) == 0) {
				b.Fatalf("answers %v: want some of each except unknown", answers)
			}
		})
	}
}

// BenchmarkBookingBuild applies half a million bookings one by one and reports the heap size of the finished table.
func BenchmarkBookingBuild(b *testing.B) {
	bodies := bodiesOf(theBooked().list)
	b.Run("ours", func(b *testing.B) { benchmarkBuild(b, func() any { return buildBooked(bodies) }) })
	b.Run("plain-map-rwmutex", func(b *testing.B) { benchmarkBuild(b, func() any { return buildPlainBooked(bodies) }) })
}

func TestBookingTablesAgree(t *testing.T) {
	all := theBooked()
	var answers [booking.Valid + 1]int
	for i := range all.queries {
		var ours, plain booking.Ticket
		all.table.Look(&all.queries[i], &ours)
		all.plain.look(&all.queries[i], &plain)
		if ours != plain {
			t.Fatalf("%+v: ours %+v, plain %+v", all.queries[i], ours, plain)
		}
		answers[ours.Held]++
	}
	if answers[booking.Unknown] != 0 || min(answers[booking.None], answers[booking.Early], answers[booking.Late], answers[booking.Valid]) < lookups/20 {
		t.Errorf("answers %v: want many of each except unknown", answers)
	}
	if s := all.table.Stats(); s.Tickets != bookedCount || len(all.plain.tickets) != bookedCount {
		t.Errorf("ours has %d, plain %d, want %d", s.Tickets, len(all.plain.tickets), bookedCount)
	}
}
