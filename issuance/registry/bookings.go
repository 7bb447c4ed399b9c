package registry

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// Booking is a ticket of a person. It is personal data.
type Booking struct {
	State TicketState
	Ends  time.Time
	Itinerary
}

// MaxBookings bounds the bookings of one answer. Our choice: more than a person
// travels with.
const MaxBookings = 100

// Bookings lists the tickets that were reported for a resident ID card: as the holder
// of an account and as a passenger on any list, in the order in which they end. Our
// choice: those whose last journey is not over, and cancelled ones that were neither
// changed nor refunded, so that staff cannot read where the person has been. The caller
// must have identified the person and written it to the audit log.
func (b *Store) Bookings(ctx context.Context, number string) (all []Booking, err error) {
	p := rules.Person{Document: identity.ResidentID, Number: number}
	err = b.Database.View(ctx, "find bookings", func(ctx context.Context, q database.Queries) error {
		ctx = b.Database.Brief(ctx)
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var t ticketRow
			if err := t.scan(rows); err != nil {
				return err
			}
			i, err := b.openItinerary(t.id, t.itinerary)
			all = append(all, Booking{t.now(), time.UnixMilli(t.endsMs), i})
			return err
		}, `SELECT t.id, t.account, t.passenger, t.state, t.cancelled_ms, t.ends_ms, t.itinerary
			FROM (SELECT account AS a, NULL AS p FROM identities WHERE person = $1 AND account IS NOT NULL
				UNION ALL SELECT account AS a, id AS p FROM passengers WHERE document = $2) who
			JOIN tickets t ON t.account = who.a AND (t.passenger = who.p OR t.passenger IS NULL AND who.p IS NULL)
			WHERE t.ends_ms > $3 OR t.state = 1 AND t.cancelled_ms IS NOT NULL
			ORDER BY t.ends_ms, t.id LIMIT $4`,
			b.document(indexHolder, p), b.document(indexPassenger, p), b.Now().UnixMilli(), MaxBookings)
	})
	return all, err
}
