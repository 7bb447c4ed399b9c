package book

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/refusal"
)

// TicketState is what was reported of a ticket last. Its number goes into the
// database: never reuse one.
type TicketState uint8

// The states of a ticket.
const (
	Valid    TicketState = 1
	Changed  TicketState = 2 // another one was issued for it
	Refunded TicketState = 3
)

func (s TicketState) String() string {
	switch s {
	case Valid:
		return "valid"
	case Changed:
		return "changed"
	case Refunded:
		return "refunded"
	}
	return "unknown"
}

// TicketKept is how long a ticket is known after its journey. Ours: as long as
// applications (rule A13); refunds and complaints come within it. The counts of
// rule B5 stay.
const TicketKept = 31 * 24 * time.Hour

// maxAhead bounds when a journey ends. Ours: tickets are sold weeks ahead, period
// tickets for months.
const maxAhead = 366 * 24 * time.Hour

// ticketRow is a ticket as it is kept.
type ticketRow struct {
	account   string
	passenger string // empty: the holder
	state     TicketState
	endsMs    int64
}

var errTicketUnknown = refusal.New(TicketUnknown, "no purchase of this ticket was reported, or its journey was over long ago")

// ticket finds a ticket by the ticketing system's reference.
func (b *Book) ticket(ctx context.Context, q database.Queries, reference string) (t ticketRow, found bool, err error) {
	var passenger sql.NullString
	err = q.QueryRowContext(ctx, `SELECT account, passenger, state, ends_ms FROM tickets WHERE reference = $1`, b.reference(reference)).
		Scan(&t.account, &passenger, &t.state, &t.endsMs)
	if err == sql.ErrNoRows {
		return ticketRow{}, false, nil
	}
	t.passenger = passenger.String
	return t, err == nil, err
}

// issue writes a ticket that is new and reports whether it was. One that is known
// must be for the same: else it is TicketConflict.
func (b *Book) issue(ctx context.Context, tx *sql.Tx, account string, t Ticket) (issued bool, err error) {
	n, err := database.Changed(ctx, tx, `
		INSERT INTO tickets (reference, account, passenger, state, reported_ms, ends_ms) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (reference) DO NOTHING`,
		b.reference(t.Reference), account, sql.NullString{String: t.Passenger, Valid: t.Passenger != ""},
		Valid, b.Now().UnixMilli(), t.Ends.UnixMilli())
	if err != nil || n == 1 {
		return n == 1, err
	}
	known, _, err := b.ticket(ctx, tx, t.Reference)
	if err == nil && (known.account != account || known.passenger != t.Passenger || known.endsMs != t.Ends.UnixMilli()) {
		err = errTicketConflict
	}
	return false, err
}

var errTicketConflict = refusal.New(TicketConflict, "something else was reported for a ticket with this reference; nothing was changed")

// reference is how a ticket is found: a copy of the database does not lead into
// the ticketing system's.
func (b *Book) reference(text string) []byte {
	h := b.Vault.Index(indexTicket, text)
	return h[:]
}
