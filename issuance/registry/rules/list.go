package rules

import (
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Counts are the passengers on a list before a change.
type Counts struct {
	Counted       int // verified, to-be-submitted and pre-verified, bounded by Limits.Passengers (rule B3)
	ToBeSubmitted int // those of Counted that are to be submitted (rule B2)
	Pending       int
	Failed        int
	// Duplicate means that another line of the list has the same document.
	Duplicate bool
}

// Add counts n passengers with the status.
func (c *Counts) Add(s Status, n int) {
	switch {
	case s == ToBeSubmitted:
		c.ToBeSubmitted += n
		c.Counted += n
	case s.counted():
		c.Counted += n
	case s == Pending:
		c.Pending += n
	default:
		c.Failed += n
	}
}

// CanAdd reports whether the account may add the passenger to its list (rules B2 and B3). p has the
// status that the list will show: [Initial], unless the person is already known.
func CanAdd(a Account, p Passenger, c Counts, l Limits) error {
	if err := mayActFor(a, p.Person.Document); err != nil {
		return err
	}
	if !p.DocumentStatus().byKind().possible() {
		return errImpossible
	}
	if c.Duplicate || p.Person.SameDocument(a.Person) {
		return errListed
	}
	return requireRoom(0, p.Status, c, l)
}

// mayActFor is the requirement of B2 and B5 on the account. A verified resident ID account acts for
// holders of every document. An account with another document that is verified, pre-verified or to
// be submitted acts only for holders of other documents (P15, P26: 仅可).
func mayActFor(a Account, d identity.DocumentType) error {
	s := a.DocumentStatus().byKind()
	if s.kind == other && s.possible() && kindOf(d) == resident {
		return problem.New(OtherDocumentsOnly, "an account with a passport or travel permit can act only for holders of such documents")
	}
	switch {
	case !s.possible() || kindOf(d) == 0:
	case s.status == Verified || s.status == PreVerified || s.status == ToBeSubmitted:
		return nil
	}
	return problem.New(AccountStatus, "the account's own identity does not have the status that this document type requires")
}

// requireRoom reports whether a list has room for a line whose status changes from one to another
// (0 for a new line) by an addition or an edit. Only verified, to-be-submitted and pre-verified
// passengers count (rule B3); [CanExceed] checks the room when a counter verifies the others.
func requireRoom(from, to Status, c Counts, l Limits) error {
	if to == ToBeSubmitted && from != ToBeSubmitted && c.ToBeSubmitted >= l.ToBeSubmitted {
		return problem.New(ToBeSubmittedFull, "the list has the maximum number of to-be-submitted passengers")
	}
	if to.counted() && !from.counted() && c.Counted >= l.Passengers {
		return errListFull
	}
	uncounted := c.Pending + c.Failed
	if !to.counted() && (from == 0 || from.counted()) && uncounted >= l.Uncounted {
		return problem.New(UncountedFull, "the list has the maximum number of pending and failed passengers")
	}
	if from == 0 && c.Counted+uncounted >= l.Lines {
		return problem.New(ListMaximum, "the list has the maximum number of passengers of any status")
	}
	return nil
}

// Exceeds reports whether a verification would put the passenger beyond [Limits].Passengers.
func Exceeds(p Passenger, c Counts, l Limits) bool {
	return !p.Status.counted() && c.Counted >= l.Passengers
}

// NeedsHolderOriginal reports whether verifying the passenger also requires the account holder's
// original (G04): the list is full, and both account and passenger have resident ID cards. It
// depends on the list at the time of the visit, not at the time of the addition.
func NeedsHolderOriginal(a Account, p Passenger, c Counts, l Limits) bool {
	return Exceeds(p, c, l) && kindOf(a.Person.Document) == resident && kindOf(p.Person.Document) == resident
}

// CanExceed reports whether the list's limit allows a counter to verify the passenger (G04 to G07).
// On a full list a resident ID account can have its resident ID passengers verified with both
// originals; no other passenger, and no passenger of another account, is verified. [CanVerify]
// checks everything else.
func CanExceed(a Account, p Passenger, v Visit, c Counts, l Limits) error {
	switch {
	case !Exceeds(p, c, l):
		return nil
	case !NeedsHolderOriginal(a, p, c, l):
		return errListFull
	case !v.HolderOriginal:
		return problem.New(HolderOriginalMissing, "the list is full: the account holder's original is required in addition to the passenger's")
	}
	return nil
}

// CanEdit reports whether the account may replace the person of a line on its list, and the line's
// status after it (rule B4 and the table of statuses). c.Duplicate is about the new person. Our
// choice: a change of the document kind needs what adding such a passenger needs. For an account
// with another document, so does every edit that results in a resident ID passenger (P26).
func CanEdit(a Account, p Passenger, to identity.Person, c Counts, l Limits) (Status, error) {
	next, err := canEditFields(p, to)
	if err != nil {
		return 0, err
	}
	if err := mayActFor(a, to.Document); err != nil && (kindOf(to.Document) != kindOf(p.Person.Document) || problem.Is(err, OtherDocumentsOnly)) {
		return 0, err
	}
	if c.Duplicate || to.SameDocument(a.Person) {
		return 0, errListed
	}
	if err := requireRoom(p.Status, next, c, l); err != nil {
		return 0, err
	}
	return next, nil
}

// CanEditOwn reports whether the holder may change the account's own identity, and the status after
// it. Our choice: as for a passenger (rule B4), a ticket fixes a to-be-submitted holder's identity.
func CanEditOwn(a Account, to identity.Person) (Status, error) { return canEditFields(a.Self(), to) }

// canEditFields applies the rules that editing a passenger and editing the holder have in common.
func canEditFields(p Passenger, to identity.Person) (Status, error) {
	next := DocumentStatus{to.Document, Initial(to.Document)}
	if err := CanTransition(p.DocumentStatus(), next, Holder); err != nil {
		return 0, err
	}
	if p.Status == ToBeSubmitted && p.Tickets > 0 {
		return 0, errTicketBought
	}
	return next.Status, nil
}

// keeps reports whether rule B4 keeps the passenger on the account's list for [Limits].Keep. An
// account with another document may delete its older resident ID passengers at any time (P14).
func (a Account) keeps(p Passenger) bool {
	return p.Status.counted() && !(kindOf(a.Person.Document) == other && kindOf(p.Person.Document) == resident)
}

// CanDelete reports whether a passenger may be deleted from the account's list (rule B4).
func CanDelete(a Account, p Passenger, l Limits, now time.Time) error {
	if !p.DocumentStatus().byKind().possible() {
		return errImpossible
	}
	if p.Status == ToBeSubmitted && p.Tickets > 0 {
		return errTicketBought
	}
	if free := p.AddedAt.Add(l.Keep); a.keeps(p) && now.Before(free) {
		// Rounded up, so that a retry at RetryAt succeeds.
		return problem.Until(free.Add(time.Second-1).Unix(), PassengerKept, "a verified, to-be-submitted or pre-verified passenger cannot be deleted so soon after being added to the list")
	}
	return nil
}
