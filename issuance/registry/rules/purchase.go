package rules

import "github.com/railgate/railgate/issuance/problem"

// CanBuy reports whether the account may buy so many more tickets for the passenger, who is on its
// list or is [Account.Self] (rule B5). For an order for several passengers it is called for each,
// with the counts raised by the tickets allowed before.
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

// ticketsLeft checks the counts of rule B5: a to-be-submitted account may have
// [Limits].TicketsInAll tickets, and every account [Limits].TicketsEach for each to-be-submitted
// passenger.
func ticketsLeft(a Account, p Passenger, tickets int, l Limits) error {
	if a.Status == ToBeSubmitted && tickets > l.TicketsInAll-a.Tickets {
		return problem.New(AccountTicketLimit, "a to-be-submitted account has the maximum number of tickets, including changed and refunded ones")
	}
	if p.Status == ToBeSubmitted && tickets > l.TicketsEach-p.Tickets {
		return problem.New(PassengerTicketLimit, "the to-be-submitted passenger has the maximum number of this account's tickets, including changed and refunded ones")
	}
	return nil
}

// mayTravel is the requirement of B5 and B6 on a passenger: with a resident ID card verified; with
// other documents verified, pre-verified or to be submitted.
func mayTravel(p Passenger) error {
	s := p.DocumentStatus().byKind()
	// The counted statuses are the same set, since a resident ID card can only have the first.
	if s.possible() && s.status.counted() {
		return nil
	}
	return errUnchecked
}

// CanRefundOnline reports whether a registered account gets an online refund: always for its own
// tickets, whatever its status (rule B6).
func CanRefundOnline(boughtByAccount bool) error {
	if !boughtByAccount {
		return problem.New(NotItsTicket, "the account did not buy this ticket")
	}
	return nil
}

// CanChangeOnline reports whether a registered account may change the passenger's ticket online
// (rule B6). A change issues one more ticket, and the changed one remains counted (rule B5). Our
// choice: a change that would exceed a limit is refused like a purchase.
func CanChangeOnline(a Account, p Passenger, boughtByAccount bool, l Limits) error {
	if err := CanRefundOnline(boughtByAccount); err != nil {
		return err
	}
	if err := mayTravel(p); err != nil {
		return err
	}
	return ticketsLeft(a, p, 1, l)
}

// TicketIdentity is the identity on a child's ticket (rule B9): the child's own, as for any
// passenger; or, without a document (own is nil), that of the accompanying adult, for whom the
// ticket then counts. The caller must know that the passenger is a child and that the adult travels
// along.
func TicketIdentity(own, adult *Passenger) (Passenger, error) {
	switch {
	case own != nil:
		return *own, nil
	case adult != nil:
		return *adult, nil
	}
	return Passenger{}, problem.New(ChildAlone, "a child without a document requires an accompanying adult's identity")
}
