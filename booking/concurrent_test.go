package booking_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/tokens"
)

// While one writer changes a ticket, adds others and drops days, every reader sees the ticket before or after each
// change, and never a part of one.
func TestReadersSeeWholeTickets(t *testing.T) {
	const changes, readers = 3000, 3
	table := booking.NewTable(booking.Config{})
	version := func(i int64) booking.Booking {
		b := ticket(1)
		b.Departs, b.Arrives = b.Departs+i%1000, b.Arrives+i%1000
		b.Train, b.Coach, b.Seat = fmt.Sprint("G", i%1000), fmt.Sprint("c", i%1000), fmt.Sprint("s", i%1000)
		return b
	}
	apply(table, version(0))
	done := make(chan struct{})
	var group sync.WaitGroup
	for range readers {
		group.Add(1)
		go func() {
			defer group.Done()
			q := at(tokens.Entry, beijing, 9*hour)
			var got booking.Ticket
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				table.Look(&q, &got)
				i := got.Departs - midnight - 10*hour
				if want := version(i); got != (booking.Ticket{Held: booking.Valid, Train: want.Train, Departs: want.Departs, Coach: want.Coach, Seat: want.Seat}) {
					t.Errorf("%+v", got)
					return
				}
			}
		}()
	}
	for i := range int64(changes) {
		table.Apply(string(new(version(i)).Append(nil)), now+i, now)
		other := version(i) // makes the index grow
		other.Ticket, other.Subject = uint64(i), [8]byte{byte(i), byte(i >> 8), 1}
		old := on(other, uint16(today-2+i%2))
		apply(table, other, old)
		if i%500 == 0 {
			table.Forget(now)
			table.Stats()
		}
	}
	table.Apply(string(new(on(ticket(2), today+1)).Append(nil)), now+dayLong*1000/2, now+dayLong*1000) // drops today-2
	close(done)
	group.Wait()
	if s := table.Stats(); s.Tickets != changes+changes/2+2 {
		t.Errorf("%+v", s)
	}
}

// A reader that waits for a ticket sees nothing of it, or all of it.
func TestReadersSeeNewTicketsWhole(t *testing.T) {
	const tickets = 200_000
	table := booking.NewTable(booking.Config{})
	nth := func(i int64) booking.Booking {
		b := ticket(uint64(i))
		b.Subject = [8]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}
		b.Seat = fmt.Sprint(i % 1000)
		return b
	}
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		q := at(tokens.Entry, beijing, 9*hour)
		var got booking.Ticket
		for i := range int64(tickets) {
			b := nth(i)
			q.Subject = b.Subject
			for got.Held = booking.None; got.Held == booking.None; table.Look(&q, &got) {
			}
			if got.Held != booking.Valid || got.Seat != b.Seat {
				t.Errorf("ticket %d: %+v", i, got)
				return
			}
		}
	}()
	for i := range int64(tickets) {
		apply(table, nth(i))
	}
	group.Wait()
}
