package rules

import (
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// CanEdit reports whether the account may put another person's fields in a line
// of its list, and the status that the line then has (rule B4 and the table of
// statuses). c.Twice is about the new fields. Ours: to change the kind of document
// is to add a passenger by it. So is, for an account with another document, every
// edit that makes a resident ID passenger (P26).
func CanEdit(a Account, p Passenger, to Person, c Counts, l Limits) (Status, error) {
	next, err := edited(p, to)
	if err != nil {
		return 0, err
	}
	if err := mayActFor(a, to.Document); err != nil && (kindOf(to.Document) != kindOf(p.Person.Document) || problem.Is(err, OtherDocumentsOnly)) {
		return 0, err
	}
	if c.Twice || to.SameDocument(a.Person) {
		return 0, problem.New(AlreadyListed, "the same document is on the list already, or is the account holder's")
	}
	if err := room(p.Status, next, c, l); err != nil {
		return 0, err
	}
	return next, nil
}

// CanEditOwn reports whether the holder may change the account's own identity,
// and the status that it then has. Ours: as a passenger's (rule B4), a
// to-be-submitted holder's identity is fixed by a ticket bought for it.
func CanEditOwn(a Account, to Person) (Status, error) { return edited(a.Self(), to) }

func edited(p Passenger, to Person) (Status, error) {
	next := Standing{to.Document, Initial(to.Document)}
	if err := CanMove(p.Standing(), next, Holder); err != nil {
		return 0, err
	}
	if p.Status == ToBeSubmitted && p.Tickets > 0 {
		return 0, errTicketBought
	}
	return next.Status, nil
}

// kept reports whether rule B4 keeps the passenger on the account's list for
// Limits.Keep. An account with another document may delete the resident ID
// passengers that it has from before at any time (P14).
func (a Account) kept(p Passenger) bool {
	return p.Status.counted() && !(kindOf(a.Person.Document) == other && kindOf(p.Person.Document) == resident)
}

// CanDelete reports whether a passenger may leave the account's list (rule B4).
func CanDelete(a Account, p Passenger, l Limits, now time.Time) error {
	if !p.Standing().kinds().possible() {
		return problem.New(PassengerStatus, "a passenger by this document cannot have this status")
	}
	if p.Status == ToBeSubmitted && p.Tickets > 0 {
		return errTicketBought
	}
	if free := p.AddedAt.Add(l.Keep); a.kept(p) && now.Before(free) {
		// Rounded up: a retry at the told second succeeds.
		return problem.Until(free.Add(time.Second-1).Unix(), PassengerKept, "a verified, to-be-submitted or pre-verified passenger cannot be deleted so soon after coming onto the list")
	}
	return nil
}
