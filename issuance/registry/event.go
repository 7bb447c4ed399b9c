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

// EventKind is the kind of a report about tickets.
type EventKind uint8

// Kinds of reports.
const (
	// TicketsBought: the account buys the tickets, all or none.
	TicketsBought EventKind = iota + 1
	// TicketChanged: another ticket was issued in place of one.
	TicketChanged
	// TicketRefunded: the money was returned.
	TicketRefunded
	// TicketCancelled: the railway cancelled the train. The ticket can still be changed or
	// refunded.
	TicketCancelled
)

var eventNames = rules.Names[EventKind]{TicketsBought: "bought", TicketChanged: "changed", TicketRefunded: "refunded", TicketCancelled: "cancelled"}

// ParseEventKind parses a kind's stable name. Any other name is [rules.ErrName].
func ParseEventKind(name string) (EventKind, error) { return eventNames.Parse(name) }

func (k EventKind) String() string { return eventNames.Of(k) }

// Ticket is an issued ticket.
type Ticket struct {
	// Reference is chosen by the ticketing system and never reused: 1 to 64 letters, digits and
	// "_.:-".
	Reference string
	Passenger string    // on the account's list; empty: the holder
	Ends      time.Time // end of its last journey
	// Journey is the ticket's train; nil for a multi-ride or period ticket.
	Journey *Journey
}

// TicketEvent is a ticketing system's report. Fields that do not belong to the kind must be empty.
type TicketEvent struct {
	Principal
	Kind    EventKind
	Account string // TicketsBought: the buying account
	// Order is the order number of the Issued tickets that the passenger was given: 1 to 64
	// letters, digits and "_.:-".
	Order  string
	Ticket string // all kinds except TicketsBought: the reference of the ticket
	// Issued are the tickets that were bought, at most [MaxOrder], or the one ticket that a change
	// issued; the latter has the passenger of the old ticket, and its Passenger is empty.
	Issued []Ticket
}

// RecordTicketEvent records a report. A repetition changes nothing and is no error.
//
// A purchase is checked by the rules under the account's lock and refused with their problems (rule
// B5); report it before the tickets are issued. Changes, refunds and cancellations are reported
// afterwards. They are refused only for an unknown ticket ([TicketUnknown]) or one with a different
// report ([TicketConflict]). They never decrease a count, and the ticket issued by a change counts.
// Our choice: it counts even beyond the limit, so that no change is lost; call [Store.Decide] with
// [ChangeOnline] first. A cancelled ticket may be changed or refunded later; the reverse order is a
// conflict.
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
			return s.recordPurchase(ctx, tx, e)
		case TicketCancelled:
			return s.recordCancellation(ctx, tx, e)
		default:
			return s.recordChangeOrRefund(ctx, tx, e)
		}
	})
}

func (e *TicketEvent) check(now time.Time) error {
	wrong := func(detail string) error { return problem.New(EventInvalid, detail) }
	switch bought := e.Kind == TicketsBought; {
	case e.Kind < TicketsBought || e.Kind > TicketCancelled:
		return wrong("kind must be bought, changed, refunded or cancelled")
	case bought && !isID(e.Account) || !bought && e.Account != "":
		return wrong("account must be an account's id for bought, and empty otherwise")
	case bought && e.Ticket != "":
		return wrong("ticket is not allowed for bought")
	case !bought && !isID(e.Ticket):
		return wrong(referenceError)
	case bought && (len(e.Issued) < 1 || len(e.Issued) > MaxOrder):
		return wrong("issued must contain 1 to 20 tickets")
	case e.Kind == TicketChanged && (len(e.Issued) != 1 || e.Issued[0].Passenger != "" || e.Issued[0].Reference == e.Ticket):
		return wrong("issued must contain the one ticket that the change issued, with its own reference and no passenger")
	case e.Kind >= TicketRefunded && e.Issued != nil:
		return wrong("issued is allowed only for bought and changed")
	case e.Kind >= TicketRefunded && e.Order != "":
		return wrong("order is allowed only for bought and changed")
	case e.Kind < TicketRefunded && !isID(e.Order):
		return wrong(`order must be an order number of 1 to 64 letters, digits and "_.:-"`)
	}
	seen := map[string]bool{}
	for _, t := range e.Issued {
		switch {
		case !isID(t.Reference):
			return wrong(referenceError)
		case seen[t.Reference]:
			return wrong("a reference occurs twice")
		case !t.Ends.After(now.Add(-TicketKept)) || t.Ends.After(now.Add(maxAhead)):
			// The ticket's row is deleted that long after its end, so a later repetition would count
			// again.
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

func (s *Store) recordPurchase(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
	passengers := make([]string, len(e.Issued))
	for i, t := range e.Issued {
		passengers[i] = t.Passenger
	}
	o, err := s.readOrder(ctx, tx, e.Account, s.Database.ForUpdate, passengers)
	if err != nil {
		return err
	}
	for _, t := range e.Issued {
		issued, err := s.issueTicket(ctx, tx, o.id, e.Order, t)
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

// recordChangeOrRefund records a change or a refund.
func (s *Store) recordChangeOrRefund(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
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
		issued, err := s.issueTicket(ctx, tx, t.account, e.Order, next)
		if err == nil && issued != (t.state == Valid) {
			err = errTicketConflict // changed into a different ticket, or into one that was bought
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
	if err := s.endTicket(ctx, tx, e.Ticket, `state`, to); err != nil {
		return err
	}
	return s.audit(ctx, tx, e.Principal, staff.ReportTicket, Ref{Account: t.account}, e.Kind.String())
}

// countIssued counts n tickets issued in place of t; the account's row must be locked (rule B5:
// 含已改、已退车票).
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

// recordCancellation records a cancellation. A ticket that was changed or refunded without one
// cannot be cancelled; for one that was cancelled first, the report is a repetition.
func (s *Store) recordCancellation(ctx context.Context, tx *sql.Tx, e TicketEvent) error {
	t, err := s.lockTicket(ctx, tx, e.Ticket)
	if err != nil || t.cancelled {
		return err
	}
	if t.state != Valid {
		return errTicketConflict
	}
	if err := s.endTicket(ctx, tx, e.Ticket, `cancelled_ms`, s.now()); err != nil {
		return err
	}
	return s.audit(ctx, tx, e.Principal, staff.ReportTicket, Ref{Account: t.account}, e.Kind.String())
}

// endTicket sets the column that ends a ticket, and cancels its booking unless an earlier report did.
func (s *Store) endTicket(ctx context.Context, tx *sql.Tx, reference, column string, value any) error {
	_, err := tx.ExecContext(ctx, `UPDATE tickets SET `+column+` = $2,
		book_ms = CASE WHEN state = 1 AND cancelled_ms IS NULL THEN $3 ELSE book_ms END WHERE reference = $1`, s.referenceHash(reference), value, s.now())
	if err == nil {
		err = s.settleBooking(ctx, tx, reference)
	}
	return err
}

// lockTicket finds a ticket and locks its account's holder, as every change of an account's data
// does.
func (s *Store) lockTicket(ctx context.Context, tx *sql.Tx, reference string) (ticketRow, error) {
	t, found, err := s.findTicket(ctx, tx, reference)
	if err == nil && found {
		if _, _, err = s.readEntry(ctx, tx, Ref{Account: t.account}, s.Database.ForUpdate); err == nil {
			t, found, err = s.findTicket(ctx, tx, reference) // read again under the lock
		}
	}
	if problem.Is(err, EntryNotFound) || err == nil && !found {
		err = errTicketUnknown
	}
	return t, err
}
