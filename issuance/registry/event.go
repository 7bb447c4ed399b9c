package registry

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// EventKind is what happened to tickets.
type EventKind uint8

// The events.
const (
	// TicketsBought: the account buys the tickets, all or none.
	TicketsBought EventKind = iota + 1
	// TicketChanged: another ticket was issued for one.
	TicketChanged
	// TicketRefunded: the money was given back.
	TicketRefunded
	// TicketCancelled: the railway cancelled what the ticket is for. The ticket can
	// still be changed or refunded.
	TicketCancelled
)

var eventNames = rules.Names[EventKind]{TicketsBought: "bought", TicketChanged: "changed", TicketRefunded: "refunded", TicketCancelled: "cancelled"}

// ParseEventKind reads an event's stable name; everything else is rules.ErrName.
func ParseEventKind(name string) (EventKind, error) { return eventNames.Parse(name) }

func (k EventKind) String() string { return eventNames.Of(k) }

// Ticket is a ticket that was issued.
type Ticket struct {
	// Reference is the ticketing system's own, never used for another ticket: 1 to
	// 64 letters, digits and "_.:-".
	Reference string
	Passenger string    // on the account's list; empty: the holder
	Ends      time.Time // when its last journey is over
	// Journey is the train that it is for; nil for a multi-ride or period ticket,
	// which names none.
	Journey *Journey
}

// TicketEvent is a ticketing system's report. Fields that do not belong to the
// kind must be empty.
type TicketEvent struct {
	Principal
	Kind    EventKind
	Account string // TicketsBought: who buys
	// Order is the number that the passenger was given, for what was Issued: 1 to 64
	// letters, digits and "_.:-".
	Order  string
	Ticket string // all but TicketsBought: the reference of the one it happened to
	// Issued are the tickets that were bought, at most MaxOrder, or the one that a
	// change issued, whose passenger is that of the old one and is left empty.
	Issued []Ticket
}

// RecordTicketEvent takes a report, once: a repetition changes nothing and is no error.
//
// A purchase is asked of the rules under the account's lock and refused with their
// codes (rule B5); so report it before the tickets are handed out. A change, a
// refund and a cancellation are reported when they are done, and refused only for a
// ticket that is not known (TicketUnknown) or of which something else is
// (TicketConflict). They give no ticket back to a count, and a change counts the
// ticket that it issued: our choice, beyond the limit too, so that no change is lost.
// Ask Decide with ChangeOnline before. A cancelled ticket may be changed or refunded
// afterwards, not the other way round.
func (s *Store) RecordTicketEvent(ctx context.Context, e TicketEvent) error {
	if err := e.By.May(staff.ReportTicket); err != nil {
		return err
	}
	if err := e.check(s.Now()); err != nil {
		return err
	}
	return s.Database.Change(ctx, "record "+e.Kind.String(), func(ctx context.Context, tx *sql.Tx) error {
		switch e.Kind {
		case TicketsBought:
			return s.recordBought(ctx, tx, e)
		case TicketCancelled:
			return s.recordCancelled(ctx, tx, e)
		default:
			return s.recordDone(ctx, tx, e)
		}
	})
}

func (e *TicketEvent) check(now time.Time) error {
	wrong := func(detail string) error { return problem.New(EventInvalid, detail) }
	switch bought := e.Kind == TicketsBought; {
	case e.Kind < TicketsBought || e.Kind > TicketCancelled:
		return wrong("kind must be bought, changed, refunded or cancelled")
	case bought && !idForm(e.Account) || !bought && e.Account != "":
		return wrong("account must be an account's id for bought, and empty otherwise")
	case bought && e.Ticket != "":
		return wrong("ticket is not allowed for bought")
	case !bought && !idForm(e.Ticket):
		return wrong(referenceForm)
	case bought && (len(e.Issued) < 1 || len(e.Issued) > MaxOrder):
		return wrong("issued must contain 1 to 20 tickets")
	case e.Kind == TicketChanged && (len(e.Issued) != 1 || e.Issued[0].Passenger != "" || e.Issued[0].Reference == e.Ticket):
		return wrong("issued must contain the one ticket that the change issued, with its own reference and no passenger")
	case e.Kind >= TicketRefunded && e.Issued != nil:
		return wrong("issued is allowed only for bought and changed")
	case e.Kind >= TicketRefunded && e.Order != "":
		return wrong("order is allowed only for bought and changed")
	case e.Kind < TicketRefunded && !idForm(e.Order):
		return wrong(`order must be an order number of 1 to 64 letters, digits and "_.:-"`)
	}
	seen := map[string]bool{}
	for _, t := range e.Issued {
		switch {
		case !idForm(t.Reference):
			return wrong(referenceForm)
		case seen[t.Reference]:
			return wrong("a reference occurs twice")
		case !t.Ends.After(now.Add(-TicketKept)) || t.Ends.After(now.Add(maxAhead)):
			// A ticket is forgotten so long after its end: what repeats its purchase
			// later would count once more.
			return wrong("ends must be at most 31 days ago and at most 366 days ahead")
		case t.Journey != nil:
			if err := t.Journey.check(t.Ends); err != nil {
				return err
			}
		}
		seen[t.Reference] = true
	}
	return nil
}

func (s *Store) recordBought(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
	passengers := make([]string, len(e.Issued))
	for i, t := range e.Issued {
		passengers[i] = t.Passenger
	}
	o, err := s.readOrder(ctx, tx, e.Account, s.Database.ForUpdate, passengers)
	if err != nil {
		return err
	}
	for _, t := range e.Issued {
		issued, err := s.issue(ctx, tx, o.id, e.Order, t)
		if err == nil && issued {
			err = o.buy(t.Passenger)
		}
		if err != nil {
			return err
		}
	}
	if o.bought == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE holders SET tickets = $2, own_tickets = $3 WHERE id = $1`, o.id, o.Tickets, o.OwnTickets)
	if err != nil {
		return err
	}
	for id, p := range o.listed {
		if _, err := tx.ExecContext(ctx, `UPDATE passengers SET tickets = $2 WHERE id = $1`, id, p.Tickets); err != nil {
			return err
		}
	}
	return s.audit(ctx, tx, e.Principal, staff.ReportTicket, Ref{Account: o.id}, fmt.Sprintf("bought %d", o.bought))
}

// recordDone takes a change or a refund.
func (s *Store) recordDone(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
	t, err := s.lockTicket(ctx, tx, e.Ticket)
	if err != nil {
		return err
	}
	to := Refunded
	if e.Kind == TicketChanged {
		to = Changed
	}
	if t.state != Valid && t.state != to {
		return errTicketConflict
	}
	for _, next := range e.Issued {
		next.Passenger = t.passenger
		issued, err := s.issue(ctx, tx, t.account, e.Order, next)
		if err == nil && issued != (t.state == Valid) {
			err = errTicketConflict // changed into another, or into one that was bought
		}
		if err != nil {
			return err
		}
	}
	if t.state == to {
		return nil
	}
	if err := countIssued(ctx, tx, t, len(e.Issued)); err != nil {
		return err
	}
	if _, err = tx.ExecContext(ctx, `UPDATE tickets SET state = $2 WHERE reference = $1`, s.referenceHash(e.Ticket), to); err != nil {
		return err
	}
	return s.audit(ctx, tx, e.Principal, staff.ReportTicket, Ref{Account: t.account}, e.Kind.String())
}

// countIssued counts n tickets that were issued for one of an account whose row is
// locked (rule B5: 含已改、已退车票).
func countIssued(ctx context.Context, tx *sql.Tx, t ticketRow, n int) error {
	if n == 0 {
		return nil
	}
	own := 0
	if t.passenger == "" {
		own = n
	}
	_, err := tx.ExecContext(ctx, `UPDATE holders SET tickets = tickets + $2, own_tickets = own_tickets + $3 WHERE id = $1`, t.account, n, own)
	if err == nil && t.passenger != "" {
		_, err = tx.ExecContext(ctx, `UPDATE passengers SET tickets = tickets + $3 WHERE account = $1 AND id = $2`, t.account, t.passenger, n)
	}
	return err
}

// recordCancelled takes a cancellation. A ticket that was changed or refunded first
// is none that can be cancelled; one that was cancelled first and then changed or
// refunded is a repetition.
func (s *Store) recordCancelled(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
	t, err := s.lockTicket(ctx, tx, e.Ticket)
	if err != nil || t.cancelled {
		return err
	}
	if t.state != Valid {
		return errTicketConflict
	}
	if _, err := tx.ExecContext(ctx, `UPDATE tickets SET cancelled_ms = $2 WHERE reference = $1`, s.referenceHash(e.Ticket), s.now()); err != nil {
		return err
	}
	return s.audit(ctx, tx, e.Principal, staff.ReportTicket, Ref{Account: t.account}, e.Kind.String())
}

// lockTicket finds a ticket and locks its holder, as for everything that the account
// owns.
func (s *Store) lockTicket(ctx context.Context, tx *sql.Tx, reference string) (ticketRow, error) {
	t, found, err := s.findTicket(ctx, tx, reference)
	if err == nil && found {
		if _, _, err = s.readEntry(ctx, tx, Ref{Account: t.account}, s.Database.ForUpdate); err == nil {
			t, found, err = s.findTicket(ctx, tx, reference) // as it is under the lock
		}
	}
	if problem.Is(err, EntryNotFound) || err == nil && !found {
		err = errTicketUnknown
	}
	return t, err
}
