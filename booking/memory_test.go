//go:build !race

package booking_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// The build tag excludes the race detector, which allocates itself.

// stationLog calls apply with half a million bookings from one station to 300 others, under the pseudonyms of three
// days, on 400 trains of 16 coaches.
func stationLog(apply func(b *booking.Booking)) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range uint64(500_000) {
		train := rng.IntN(400)
		departs := midnight + int64(train)*200
		b := booking.Booking{
			Ticket: rng.Uint64(), Day: uint16(today - 1 + i%3), From: beijing, To: revocation.StationOf(fmt.Sprint("station ", train%300)),
			Train: fmt.Sprint("G", train), Departs: departs, Arrives: departs + 5*hour,
			Coach: fmt.Sprintf("%02d", 1+rng.IntN(16)), Seat: fmt.Sprintf("%02d%c", 1+rng.IntN(20), "ABCDF"[rng.IntN(5)]),
		}
		binary.BigEndian.PutUint64(b.Subject[:], rng.Uint64())
		apply(&b)
	}
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestBookingsOfAStationInMemory(t *testing.T) {
	const most = 40 << 20
	before := heap()
	table := booking.NewTable(booking.Config{Stations: []revocation.Station{beijing}})
	var body []byte
	stationLog(func(b *booking.Booking) {
		body = b.Append(body[:0])
		table.Apply(string(body), now, now)
	})
	used, s := heap()-before, table.Stats()
	t.Logf("%d tickets in %.1f MB, %.1f MB by Stats", s.Tickets, float64(used)/1e6, float64(s.Bytes)/1e6)
	if s.Tickets != 500_000 || used > most {
		t.Errorf("%d tickets in %d bytes, want at most %d", s.Tickets, used, most)
	}
	if s.Bytes < used*9/10 || s.Bytes > used*11/10 {
		t.Errorf("Stats reports %d bytes, the heap has %d", s.Bytes, used)
	}
	runtime.KeepAlive(table)
}

func TestLookAllocatesNothing(t *testing.T) {
	table := booking.NewTable(booking.Config{})
	apply(table, ticket(1), ticket(2), cancel(ticket(3)))
	var into booking.Ticket
	for held, q := range map[booking.Held]booking.Query{
		booking.Valid:   at(tokens.Entry, beijing, 9*hour),
		booking.Early:   at(tokens.Exit, shanghai, 9*hour),
		booking.Late:    at(tokens.Verify, beijing, 11*hour),
		booking.None:    onboard("G7", 12*hour),
		booking.Unknown: at(tokens.Sale, beijing, 9*hour),
	} {
		if n := testing.AllocsPerRun(1000, func() { table.Prefetch(q.Day, q.Subject); table.Look(&q, &into) }); n != 0 || into.Held != held {
			t.Errorf("%s: %v allocations, the answer is %s", held, n, into.Held)
		}
	}
	body := string(new(ticket(1)).Append(nil))
	if n := testing.AllocsPerRun(1000, func() { table.Apply(body, now, now) }); n != 0 {
		t.Errorf("a repeated record: %v allocations", n)
	}
}
