package bench

import (
	"sync"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/tokens"
)

// plainBookings stores bookings in a map behind a lock. It has no bound, keeps no order of repeated records and
// knows the scope entry only.
type plainBookings struct {
	mu      sync.RWMutex
	tickets map[dayOfSubject][]booking.Booking
}

type dayOfSubject struct {
	day     uint16
	subject tokens.Subject
}

func (p *plainBookings) apply(body string) {
	b, err := booking.Parse(body)
	if err != nil {
		panic("bench: " + err.Error())
	}
	key := dayOfSubject{b.Day, b.Subject}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tickets[key] = append(p.tickets[key], b)
}

func (p *plainBookings) look(q *booking.Query, into *booking.Ticket) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	*into = booking.Ticket{Held: booking.None}
	var best *booking.Booking
	for i, all := 0, p.tickets[dayOfSubject{q.Day, q.Subject}]; i < len(all); i++ {
		b := &all[i]
		if b.From != q.Station {
			continue
		}
		held := booking.Valid
		if q.At < b.Departs-q.Opens {
			held = booking.Early
		} else if q.At > b.Departs {
			held = booking.Late
		}
		if best == nil || held == booking.Valid && into.Held != held || held == booking.Early && into.Held == booking.Late ||
			held == into.Held && max(b.Departs-q.At, q.At-b.Departs) < max(best.Departs-q.At, q.At-best.Departs) {
			best, into.Held = b, held
		}
	}
	if best != nil {
		into.Train, into.Departs, into.Coach, into.Seat = best.Train, best.Departs, best.Coach, best.Seat
	}
}
