package registry

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
)

const (
	// BookedAhead is how long before departure a booking is published, so that gateways keep
	// tickets of two days and not of a whole sale. It exceeds every [Config.Opens] by a day, in
	// which a publisher that failed can be repaired.
	BookedAhead = 48 * time.Hour
	// MaxOpens bounds [Config.Opens].
	MaxOpens = booking.MaxOpens * time.Second
	// BookingLife is how long after its record a booking can matter to a gateway.
	BookingLife = BookedAhead + (booking.MaxJourney+booking.Grace)*time.Second
	// bookBatch bounds the tickets in one transaction of [Store.PublishBookings].
	bookBatch = 200
	// bookRetry is the pause before a ticket that cannot be read is tried again.
	bookRetry = 10 * time.Minute
)

// Gateways know tickets by the pseudonyms that the codes of their passengers have. Two columns of a
// ticket say what they were told: book_ms, when the next record is due (null: none), and booked_ms,
// when the booking was put into the outbox (null: never), also if it had no record because the person
// has no resident ID card. A report sets book_ms in its own transaction, so no crash loses a record,
// and the transaction that enqueues the record clears it, so none is doubled. A booking is due
// [BookedAhead] before departure, a cancellation immediately.

// PlaceBooking returns the partitions of a booking's record: those of its two stations.
func PlaceBooking(r *revocation.Record, partitions int) ([]int, error) {
	b, err := booking.Parse(r.Body)
	if err != nil {
		return nil, err
	}
	from, to := booking.Partition(b.From, partitions), booking.Partition(b.To, partitions)
	if from == to {
		return []int{from}, nil
	}
	return []int{from, to}, nil
}

// bookedTicket is a ticket, the person who travels with it, and the state of its booking.
type bookedTicket struct {
	ticketRow
	reference []byte
	booked    sql.NullInt64
	moves     int64  // how often the booking went to other pseudonyms
	own       []byte // the person of the holder, encrypted
	listed    []byte // the person of the passenger; nil: the ticket is the holder's, or the passenger was deleted
}

func (t *bookedTicket) valid() bool { return t.state == Valid && !t.cancelled }

// readBooked reads the tickets that condition selects, at most limit, in an order such as dueFirst.
// A ticket's holder must be locked if the caller enqueues a record about it.
func readBooked(ctx context.Context, tx *sql.Tx, order string, limit int, condition string, args ...any) ([]bookedTicket, error) {
	return database.All(ctx, tx, func(rows *sql.Rows, t *bookedTicket) error {
		return t.scan(rows, &t.reference, &t.booked, &t.moves, &t.own, &t.listed)
	}, `SELECT t.id, t.account, t.passenger, t.state, t.cancelled_ms, t.ends_ms, t.itinerary, t.reference, t.booked_ms, t.moves, h.person, p.person
		FROM tickets t JOIN holders h ON h.id = t.account LEFT JOIN passengers p ON p.id = t.passenger
		WHERE `+condition+fmt.Sprintf(` ORDER BY %s LIMIT %d`, order, limit), args...)
}

// dueFirst is the order of tickets by the time since when they are due.
const dueFirst = `t.book_ms, t.reference`

// traveller decrypts the person who travels with the ticket. ok is false if the passenger was
// deleted, which is possible only after the journey.
func (s *Store) traveller(t *bookedTicket) (p identity.Person, ok bool, err error) {
	switch {
	case t.passenger == "":
		p, err = s.decryptPerson(tableHolders, t.account, t.own)
	case t.listed != nil:
		p, err = s.decryptPerson(tablePassengers, t.passenger, t.listed)
	default:
		return p, false, nil
	}
	return p, err == nil, err
}

// bookingRecords returns a booking or its cancellation under each pseudonym that a code of the person
// can have at a gate of the journey. Only resident ID cards have temporary IDs: other persons have
// none.
func (s *Store) bookingRecords(t *bookedTicket, j *Journey, p identity.Person, cancelled bool, at database.Millis) (records []revocation.Record, err error) {
	if p.Document != identity.ResidentID {
		return nil, nil
	}
	b := booking.Booking{
		// A booking that a gateway saw cancelled never counts again. So one that went to another
		// person and back has a number of its own.
		Ticket:    binary.BigEndian.Uint64(t.reference) + uint64(t.moves),
		Cancelled: cancelled, From: revocation.StationOf(j.From), To: revocation.StationOf(j.To),
		Train: j.Train, Departs: j.Departs.Unix(), Arrives: j.Arrives.Unix(), Coach: j.Coach, Seat: j.Seat,
	}
	first, last := booking.Days(b.Departs, b.Arrives, int64(cmp.Or(s.Opens, MaxOpens)/time.Second))
	for day := int(first); day <= int(last); day++ {
		b.Day = uint16(day)
		b.Subject = s.Vault.Subject(b.Day, p.Document, p.Number)
		if err := b.Check(); err != nil {
			return nil, err
		}
		records = append(records, revocation.Record{Kind: revocation.KindBooking, At: int64(at), Body: string(b.Append(nil))})
	}
	return records, nil
}

// dueRecords returns the records about a ticket that are due now, and when the next one is due; null:
// never. It sets t.booked if the booking is due: also of a person who has no pseudonyms, because a
// correction can make it one who has ([Store.moveBookings]).
func (s *Store) dueRecords(t *bookedTicket, now database.Millis) (records []revocation.Record, next sql.NullInt64, err error) {
	i, err := s.decryptItinerary(t.id, t.itinerary)
	if err != nil || i.Journey == nil || !t.valid() && !t.booked.Valid {
		return nil, next, err
	}
	j := i.Journey
	due := database.MillisAt(j.Departs.Add(-BookedAhead))
	switch over := database.MillisAt(j.Arrives.Add(booking.Grace * time.Second)); {
	case over <= now, t.valid() && t.booked.Valid:
		return nil, next, nil
	case t.valid() && due > now:
		return nil, sql.NullInt64{Int64: int64(due), Valid: true}, nil
	}
	p, ok, err := s.traveller(t)
	if err == nil && ok {
		records, err = s.bookingRecords(t, j, p, !t.valid(), now)
	}
	if err == nil && ok && t.valid() {
		t.booked = sql.NullInt64{Int64: int64(now), Valid: true}
	}
	return records, next, err
}

// settleBookings enqueues what is due about the tickets that condition selects, at most bookBatch of
// them. Their holders must be locked. A ticket that cannot be read is left for later and counted in
// faults, so that it delays no other one. Without a stream of bookings nothing is done: the tickets
// stay due until an issuer with the stream runs.
func (s *Store) settleBookings(ctx context.Context, tx *sql.Tx, condition string, args ...any) (settled int, faults []error, err error) {
	if s.BookingStream == nil {
		return 0, nil, nil
	}
	now := s.now()
	tickets, err := readBooked(ctx, tx, dueFirst, bookBatch, condition, args...)
	if err != nil {
		return 0, nil, err
	}
	var all []revocation.Record
	for i := range tickets {
		t := &tickets[i]
		records, next, fault := s.dueRecords(t, now)
		if fault != nil {
			faults = append(faults, fault)
			next = sql.NullInt64{Int64: int64(now.Add(bookRetry)), Valid: true}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE tickets SET book_ms = $2, booked_ms = $3 WHERE reference = $1`, t.reference, next, t.booked); err != nil {
			return 0, nil, err
		}
		all = append(all, records...)
	}
	return len(tickets), faults, s.BookingStream.Enqueue(ctx, tx, all...)
}

// settleBooking is settleBookings for the ticket of a report. If it cannot be read,
// [Store.PublishBookings] reports why later; the report is accepted.
func (s *Store) settleBooking(ctx context.Context, tx *sql.Tx, reference string) error {
	_, _, err := s.settleBookings(ctx, tx, `t.reference = $1 AND t.book_ms <= $2`, s.referenceHash(reference), s.now())
	return err
}

// bookingDue is when the booking of a reported ticket is due; null for a ticket without a train.
func bookingDue(j *Journey) (due sql.NullInt64) {
	if j != nil {
		due = sql.NullInt64{Int64: j.Departs.Add(-BookedAhead).UnixMilli(), Valid: true}
	}
	return due
}

// PublishBookings enqueues the bookings of journeys that are now near, in small transactions, until
// none is due or ctx ends. Several issuers may call it concurrently: an account that is locked is
// left to the one that locked it. The error names the tickets that cannot be read by their ids.
func (s *Store) PublishBookings(ctx context.Context) (settled int, err error) {
	if s.BookingStream == nil {
		return 0, nil
	}
	skip := ""
	if s.Database.ForUpdate != "" {
		skip = s.Database.ForUpdate + " SKIP LOCKED"
	}
	var all []error
	for {
		var n int
		var faults []error
		err := s.Database.Change(ctx, "publish bookings", func(ctx context.Context, tx *sql.Tx) (err error) {
			n, faults = 0, nil
			accounts, err := database.All(ctx, tx, func(rows *sql.Rows, id *any) error { return rows.Scan(id) },
				`SELECT id FROM holders WHERE id IN (SELECT account FROM tickets WHERE book_ms <= $1 ORDER BY book_ms LIMIT $2) ORDER BY id`+skip,
				s.now(), bookBatch)
			if err != nil || len(accounts) == 0 {
				return err
			}
			// The parameters of the list come first: Places numbers them from 1.
			accounts = database.Padded(accounts)
			condition := fmt.Sprintf(`t.account IN (%s) AND t.book_ms <= $%d`, database.Places(len(accounts)), len(accounts)+1)
			n, faults, err = s.settleBookings(ctx, tx, condition, append(accounts, s.now())...)
			return err
		})
		settled += n
		all = append(all, faults...)
		if err != nil || n == 0 {
			return settled, errors.Join(append(all, err)...)
		}
	}
}

// overdueAfter is when a record that is due counts as late: several rounds of [Store.PublishBookings].
const overdueAfter = time.Minute

// OverdueBookings counts the tickets of which a record has been due for more than a minute.
func (s *Store) OverdueBookings(ctx context.Context) (n int64, err error) {
	err = s.Database.View(ctx, "count overdue bookings", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM tickets WHERE book_ms <= $1`, s.now().Add(-overdueAfter)).Scan(&n)
	})
	return n, err
}

// moveBookings cancels the bookings of an entry under the pseudonyms of one person and books them
// under those of another. It runs in the transaction that replaces the person of the entry, whose
// holder is locked. Without a stream of bookings the earlier ones stay until their journeys are over.
func (s *Store) moveBookings(ctx context.Context, tx *sql.Tx, r Ref, from, to identity.Person) error {
	if s.BookingStream == nil || from.Document == to.Document && from.Number == to.Number {
		return nil
	}
	now := s.now()
	tickets, err := readBooked(ctx, tx, dueFirst, maxMoved, `t.account = $1 AND COALESCE(t.passenger, '') = $2 AND t.booked_ms IS NOT NULL
		AND t.state = $3 AND t.cancelled_ms IS NULL AND t.ends_ms > $4`, r.Account, r.Passenger, Valid, now.Add(-booking.Grace*time.Second))
	if err != nil {
		return err
	}
	var all []revocation.Record
	for i := range tickets {
		t := &tickets[i]
		itinerary, err := s.decryptItinerary(t.id, t.itinerary)
		if err != nil {
			return err
		}
		ended, err := s.bookingRecords(t, itinerary.Journey, from, true, now)
		if err != nil {
			return err
		}
		t.moves++
		begun, err := s.bookingRecords(t, itinerary.Journey, to, false, now)
		if err != nil {
			return err
		}
		all = append(append(all, ended...), begun...)
		if _, err := tx.ExecContext(ctx, `UPDATE tickets SET booked_ms = $2, moves = $3 WHERE reference = $1`, t.reference, now, t.moves); err != nil {
			return err
		}
	}
	return s.BookingStream.Enqueue(ctx, tx, all...)
}

// maxMoved bounds the tickets that follow one person. Our choice: far more than anyone holds for two
// days.
const maxMoved = 1000

// ActiveBookings is the source of the stream of bookings: every booking that was published and whose
// journey is not over, and the cancellations of those that were. Config needs Vault and Opens only.
// It locks the holders of these tickets; reports about them wait until the republication is
// committed.
func ActiveBookings(c Config) outbox.PartSource {
	s := &Store{Config: c}
	return func(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis, emit func(...revocation.Record) error) error {
		since := now.Add(-booking.Grace * time.Second)
		// All changes of a ticket and of its person lock the holder.
		err := database.Each(ctx, tx, func(rows *sql.Rows) error { return nil },
			`SELECT id FROM holders WHERE id IN (SELECT account FROM tickets WHERE booked_ms IS NOT NULL AND ends_ms > $1) ORDER BY id`+db.ForUpdate, since)
		if err != nil {
			return err
		}
		for last := []byte{}; ; {
			tickets, err := readBooked(ctx, tx, `t.reference`, bookBatch, `t.booked_ms IS NOT NULL AND t.ends_ms > $1 AND t.reference > $2`, since, last)
			if err != nil || len(tickets) == 0 {
				return err
			}
			var some []revocation.Record
			for i := range tickets {
				records, err := s.activeRecords(&tickets[i], now)
				if err != nil {
					return err
				}
				some = append(some, records...)
			}
			if err := emit(some...); err != nil {
				return err
			}
			last = tickets[len(tickets)-1].reference
		}
	}
}

// activeRecords returns the records that a gateway without data needs about a published ticket.
func (s *Store) activeRecords(t *bookedTicket, now database.Millis) ([]revocation.Record, error) {
	i, err := s.decryptItinerary(t.id, t.itinerary)
	if err != nil {
		return nil, err
	}
	p, ok, err := s.traveller(t)
	if err != nil || !ok || i.Journey == nil {
		return nil, err
	}
	return s.bookingRecords(t, i.Journey, p, !t.valid(), now)
}
