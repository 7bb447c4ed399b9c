package registry

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// TicketState is the state of a ticket according to the reports. The first three numbers are stored
// in the database and never reused.
type TicketState uint8

// The states of a ticket. A valid or cancelled ticket can be changed and refunded; the other two
// states are final.
const (
	Valid    TicketState = 1
	Changed  TicketState = 2 // another ticket was issued in its place
	Refunded TicketState = 3
	// Cancelled is a ticket whose train the railway cancelled. Its row has the state Valid and the
	// time of the report.
	Cancelled TicketState = 4
)

var stateNames = rules.Names[TicketState]{Valid: "valid", Changed: "changed", Refunded: "refunded", Cancelled: "cancelled"}

func (t TicketState) String() string { return stateNames.Of(t) }

// TicketKept is how long a ticket is stored after its journey. Our choice: as long as applications
// (rule A13), which covers refunds and complaints. The counts of rule B5 remain.
const TicketKept = 31 * 24 * time.Hour

// maxAhead bounds the end of a journey. Our choice: tickets are sold weeks ahead, period tickets
// for months.
const maxAhead = 366 * 24 * time.Hour

// ticketRow is the row of a ticket.
type ticketRow struct {
	id        string // empty: reported before tickets had ids
	account   string
	passenger string // empty: the holder
	state     TicketState
	cancelled bool // a cancellation was reported, possibly followed by other reports
	ends      database.Millis
	itinerary []byte // encrypted; nil if id is empty
}

// reportedState is the state shown to the passenger.
func (t ticketRow) reportedState() TicketState {
	if t.state == Valid && t.cancelled {
		return Cancelled
	}
	return t.state
}

// ticketColumns are the columns that scan reads.
const ticketColumns = `id, account, passenger, state, cancelled_ms, ends_ms, itinerary`

func (t *ticketRow) scan(row interface{ Scan(into ...any) error }, more ...any) error {
	var id, passenger sql.NullString
	var cancelled sql.NullInt64
	err := row.Scan(append([]any{&id, &t.account, &passenger, &t.state, &cancelled, &t.ends, &t.itinerary}, more...)...)
	t.id, t.passenger, t.cancelled = id.String, passenger.String, cancelled.Valid
	return err
}

var errTicketUnknown = problem.New(TicketUnknown, "no purchase of this ticket was reported, or its journey ended more than 31 days ago")

// findTicket finds a ticket by the ticketing system's reference.
func (s *Store) findTicket(ctx context.Context, q database.Queries, reference string) (t ticketRow, found bool, err error) {
	err = t.scan(q.QueryRowContext(ctx, `SELECT `+ticketColumns+` FROM tickets WHERE reference = $1`, s.referenceHash(reference)))
	if err == sql.ErrNoRows {
		return ticketRow{}, false, nil
	}
	return t, err == nil, err
}

const ticketPrefix = "tkt_"

// issueTicket inserts a ticket and reports whether it is new. A known ticket must be identical,
// including its journey; otherwise the error is [TicketConflict].
func (s *Store) issueTicket(ctx context.Context, tx *sql.Tx, account, order string, t Ticket) (issued bool, err error) {
	id, itinerary := ids.New(ticketPrefix, ids.IDSize), Itinerary{Order: order, Reference: t.Reference, Journey: t.Journey}
	n, err := database.Changed(ctx, tx, `
		INSERT INTO tickets (reference, account, passenger, state, reported_ms, ends_ms, id, itinerary, book_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (reference) DO NOTHING`,
		s.referenceHash(t.Reference), account, sql.NullString{String: t.Passenger, Valid: t.Passenger != ""},
		Valid, s.now(), database.MillisAt(t.Ends), id, s.encryptItinerary(id, itinerary), bookingDue(t.Journey))
	if err == nil && n == 1 {
		err = s.settleBooking(ctx, tx, t.Reference)
	}
	if err != nil || n == 1 {
		return n == 1, err
	}
	known, _, err := s.findTicket(ctx, tx, t.Reference)
	if err != nil {
		return false, err
	}
	if known.account != account || known.passenger != t.Passenger || known.ends != database.MillisAt(t.Ends) {
		return false, errTicketConflict
	}
	was, err := s.decryptItinerary(known.id, known.itinerary)
	if err == nil && known.itinerary != nil && !bytes.Equal(was.encode(), itinerary.encode()) {
		err = errTicketConflict
	}
	return false, err
}

var errTicketConflict = problem.New(TicketConflict, "a different report exists for a ticket with this reference; nothing was changed")

// referenceHash is the stored form of a reference: a copy of the database cannot be joined with the
// ticketing system's data.
func (s *Store) referenceHash(text string) []byte {
	h := s.Vault.Index(indexTicket, text)
	return h[:]
}

// MaxOrder bounds the tickets in one question or report. Our choice, since the rules name none:
// enough for a family with friends.
const MaxOrder = 20

// order decides about the tickets of one account one by one, each with the counts raised by those
// before ([rules.CanBuy]). The decisions are binding only if the account is locked.
type order struct {
	holder
	limits rules.Limits
	listed map[string]*rules.Passenger // the passengers of the order, by id
	bought int
}

// readOrder reads an account and the passengers of an order; an empty id is the holder.
func (s *Store) readOrder(ctx context.Context, q database.Queries, account, lock string, passengers []string) (*order, error) {
	h, _, err := s.readEntry(ctx, q, Ref{Account: account}, lock)
	if err != nil {
		return nil, err
	}
	o := &order{holder: h, limits: s.Limits(), listed: map[string]*rules.Passenger{}}
	for _, id := range passengers {
		if id == "" || o.listed[id] != nil {
			continue
		}
		l, err := s.readLine(ctx, q, account, id)
		if err != nil {
			return nil, err
		}
		o.listed[id] = &l.Passenger
	}
	return o, nil
}

// buy decides about one more ticket and counts it.
func (o *order) buy(passenger string) error {
	p := o.listed[passenger]
	if p == nil {
		self := o.Self()
		p = &self
	}
	if err := rules.CanBuy(o.Account, *p, 1, o.limits); err != nil {
		return err
	}
	o.bought++
	o.Tickets++
	p.Tickets++
	if passenger == "" {
		o.OwnTickets++
	}
	return nil
}
