package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
)

// Journey is the train of a ticket. It is personal data: it tells where a person is at a time.
type Journey struct {
	identity.Private
	Train            string // the train number, such as "G101"
	From, To         string // names of the stations
	Departs, Arrives time.Time
	Coach            string
	Seat             string // as printed on the ticket, "无座" for a standing ticket
}

// Itinerary is the encrypted data of a ticket.
type Itinerary struct {
	identity.Private
	Order     string // the order number given to the passenger
	Reference string // the ticketing system's reference of this ticket
	// Journey is nil for a multi-ride or period ticket (计次票, 定期票), which has no train.
	Journey *Journey
}

// Bounds of a journey. Our choice: no train of the network runs for four days, and no label on a
// ticket is longer.
const (
	maxJourney = 4 * 24 * time.Hour
	maxLabel   = 16 // train, coach, seat, characters
)

// check reports what is wrong with the journey of a ticket that ends at ends. It never quotes a
// value.
func (j *Journey) check(ends time.Time) error {
	for _, f := range []struct {
		name, text string
		most       int
	}{
		{"train", j.Train, maxLabel}, {"coach", j.Coach, maxLabel}, {"seat", j.Seat, maxLabel},
		{"from", j.From, identity.MaxName}, {"to", j.To, identity.MaxName},
	} {
		clean, err := identity.CleanText(f.text)
		if err != nil || clean != f.text || utf8.RuneCountInString(f.text) > f.most {
			return problem.New(EventInvalid, fmt.Sprintf("%s must have 1 to %d characters, without control characters and surrounding space", f.name, f.most))
		}
	}
	switch took := j.Arrives.Sub(j.Departs); {
	case took <= 0 || took > maxJourney:
		return problem.New(EventInvalid, "arrives_at must be after departs_at, by 4 days at most")
	case j.Arrives.After(ends) || ends.Sub(j.Departs) > maxAhead:
		return problem.New(EventInvalid, "ends_at must not be before arrives_at, nor more than 366 days after departs_at")
	}
	return nil
}

// storedItinerary is the JSON form of an Itinerary in the encrypted field.
type storedItinerary struct {
	Order     string         `json:"order"`
	Reference string         `json:"reference"`
	Journey   *storedJourney `json:"journey,omitempty"`
}

type storedJourney struct {
	Train   string `json:"train"`
	From    string `json:"from"`
	To      string `json:"to"`
	Departs int64  `json:"departs"` // Unix seconds
	Arrives int64  `json:"arrives"`
	Coach   string `json:"coach"`
	Seat    string `json:"seat"`
}

// encode returns the encoding of an itinerary; equal itineraries have equal encodings.
func (i Itinerary) encode() []byte {
	s := storedItinerary{Order: i.Order, Reference: i.Reference}
	if j := i.Journey; j != nil {
		s.Journey = &storedJourney{j.Train, j.From, j.To, j.Departs.Unix(), j.Arrives.Unix(), j.Coach, j.Seat}
	}
	return marshalJSON(s)
}

func (s *Store) encryptItinerary(id string, i Itinerary) []byte {
	return s.Vault.Encrypt(i.encode(), vault.Place{Table: tableTickets, Column: columnItinerary, Row: id})
}

var errItineraryField = errors.New("the decrypted field is not an itinerary")

// decryptItinerary returns the zero Itinerary for a ticket that was reported before itineraries
// existed.
func (s *Store) decryptItinerary(id string, encrypted []byte) (i Itinerary, err error) {
	if encrypted == nil {
		return Itinerary{}, nil
	}
	var field storedItinerary
	err = s.decryptJSON(vault.Place{Table: tableTickets, Column: columnItinerary, Row: id}, encrypted, &field, func() bool { return field.Reference != "" }, errItineraryField)
	if err != nil {
		return Itinerary{}, err
	}
	i = Itinerary{Order: field.Order, Reference: field.Reference}
	if j := field.Journey; j != nil {
		i.Journey = &Journey{Train: j.Train, From: j.From, To: j.To, Departs: time.Unix(j.Departs, 0), Arrives: time.Unix(j.Arrives, 0), Coach: j.Coach, Seat: j.Seat}
	}
	return i, nil
}

// Booking is a person's ticket. It is personal data.
type Booking struct {
	State TicketState
	Ends  time.Time
	Itinerary
}

// MaxBookings bounds the result of [Store.Bookings]. Our choice: more than one person travels with.
const MaxBookings = 100

// Bookings lists the tickets that were reported for a resident ID card, as the holder of an account
// and as a passenger on any list, in the order of their ends. Our choice: only tickets whose last
// journey is not over, and cancelled ones that were neither changed nor refunded, so that staff
// cannot see where the person has been. The caller must have identified the person and recorded it
// in the audit log.
func (s *Store) Bookings(ctx context.Context, number string) ([]Booking, error) {
	p := identity.Person{Document: identity.ResidentID, Number: number}
	return database.Read(ctx, s.Database, "find bookings", func(ctx context.Context, q database.Queries) ([]Booking, error) {
		return database.All(s.Database.Brief(ctx), q, func(rows *sql.Rows, b *Booking) error {
			var t ticketRow
			if err := t.scan(rows); err != nil {
				return err
			}
			i, err := s.decryptItinerary(t.id, t.itinerary)
			*b = Booking{t.reportedState(), t.ends.Time(), i}
			return err
		}, `SELECT t.id, t.account, t.passenger, t.state, t.cancelled_ms, t.ends_ms, t.itinerary
			FROM (SELECT account AS a, NULL AS p FROM identities WHERE person = $1 AND account IS NOT NULL
				UNION ALL SELECT account AS a, id AS p FROM passengers WHERE document = $2) who
			JOIN tickets t ON t.account = who.a AND (t.passenger = who.p OR t.passenger IS NULL AND who.p IS NULL)
			WHERE t.ends_ms > $3 OR t.state = 1 AND t.cancelled_ms IS NOT NULL
			ORDER BY t.ends_ms, t.id LIMIT $4`,
			s.documentHash(indexHolder, p), s.documentHash(indexPassenger, p), s.now(), MaxBookings)
	})
}
