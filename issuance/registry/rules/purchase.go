package rules

import "github.com/railgate/railgate/issuance/problem"

// CanBuy reports whether the account may buy so many more tickets for the
// passenger, who is on its list or is Account.Self (rule B5). An order for several
// passengers asks once for each, with the counts raised by what was allowed
// before.
func CanBuy(a Account, p Passenger, tickets int, l Limits) error {
	if tickets < 1 {
		return problem.New(TicketsInvalid, "tickets must be 1 or more")
	}
	err := mayActFor(a, p.Person.Document)
	if problem.Is(err, AccountStatus) && (a.Status == Pending || a.Status == Failed) {
		return problem.New(AccountUnverified, "the account's own identity is not verified")
	}
	if err != nil {
		return err
	}
	if err := mayTravel(p); err != nil {
		return err
	}
	return ticketsLeft(a, p, tickets, l)
}

// ticketsLeft reports whether the counts of rule B5 have room for more tickets: a
// to-be-submitted account has Limits.TicketsInAll of them, and every account has
// Limits.TicketsEach for each to-be-submitted passenger.
func ticketsLeft(a Account, p Passenger, tickets int, l Limits) error {
	if a.Status == ToBeSubmitted && tickets > l.TicketsInAll-a.Tickets {
		return problem.New(AccountTicketLimit, "a to-be-submitted account has as many tickets as it may, changed and refunded ones included")
	}
	if p.Status == ToBeSubmitted && tickets > l.TicketsEach-p.Tickets {
		return problem.New(PassengerTicketLimit, "the to-be-submitted passenger has as many tickets of this account as allowed, changed and refunded ones included")
	}
	return nil
}

// mayTravel is what B5 and B6 ask of a passenger: with a resident ID card
// verified; with other documents verified, pre-verified or to be submitted.
func mayTravel(p Passenger) error {
	s := p.Standing().kinds()
	// What counts for the list is just that: a resident's card is never in the
	// other two.
	if s.possible() && s.status.counted() {
		return nil
	}
	return errUnchecked
}

// CanRefundOnline reports whether a registered account gets its money back online:
// always, for what it bought, whatever became of its status (rule B6).
func CanRefundOnline(boughtByAccount bool) error {
	if !boughtByAccount {
		return problem.New(NotItsTicket, "the account did not buy this ticket")
	}
	return nil
}

// CanChangeOnline reports whether a registered account may change the passenger's
// ticket online (rule B6). A change issues one more ticket, and the changed one
// stays counted (rule B5). Our choice: a change that would exceed a count is refused
// like a purchase.
func CanChangeOnline(a Account, p Passenger, boughtByAccount bool, l Limits) error {
	if err := CanRefundOnline(boughtByAccount); err != nil {
		return err
	}
	if err := mayTravel(p); err != nil {
		return err
	}
	return ticketsLeft(a, p, 1, l)
}

// TicketIdentity is whose identity a child's ticket bears (rule B9): the child's
// own, as a passenger like any other; without a document (own is nil) that of the
// accompanying adult, to whom the ticket also counts. That it is a child, and that
// the adult travels along, is the caller's to know.
func TicketIdentity(own, adult *Passenger) (Passenger, error) {
	switch {
	case own != nil:
		return *own, nil
	case adult != nil:
		return *adult, nil
	}
	return Passenger{}, problem.New(ChildAlone, "a child without a document needs an accompanying adult's identity")
}
