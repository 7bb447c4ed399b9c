package rules

import (
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Counts are what is on a list when something is to change on it.
type Counts struct {
	Counted       int // verified, to be submitted, pre-verified: Limits.Passengers is for them (rule B3)
	ToBeSubmitted int // those of them that are to be submitted (rule B2)
	Pending       int
	Failed        int
	// Twice says that another line of the list is about the same document.
	Twice bool
}

// Add counts n lines of one status.
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

// CanAdd reports whether the account may put the passenger on its list (rules B2
// and B3). The passenger comes with the status that the list will show: Initial,
// unless the person is known already.
func CanAdd(a Account, p Passenger, c Counts, l Limits) error {
	if err := mayActFor(a, p.Person.Document); err != nil {
		return err
	}
	if !p.Standing().kinds().possible() {
		return errImpossible
	}
	if c.Twice || p.Person.SameDocument(a.Person) {
		return errListed
	}
	return room(0, p.Status, c, l)
}

// mayActFor is what B2 and B5 ask of an account. A verified resident ID account acts
// for holders of every document. An account with another document, verified,
// pre-verified or to be submitted, acts for holders of other documents only (P15,
// P26: 仅可).
func mayActFor(a Account, d identity.DocumentType) error {
	s := a.Standing().kinds()
	if s.kind == other && s.possible() && kindOf(d) == resident {
		return problem.New(OtherDocumentsOnly, "an account with a passport or travel permit acts for holders of such documents only")
	}
	switch {
	case !s.possible() || kindOf(d) == 0:
	case s.status == Verified || s.status == PreVerified || s.status == ToBeSubmitted:
		return nil
	}
	return problem.New(AccountStatus, "the account's own identity is not checked far enough for this document type")
}

// room reports whether a list has room for a line that goes from one status (0
// for a new line) to another, by an addition or an edit. Only verified,
// to-be-submitted and pre-verified passengers count (rule B3); CanExceed asks for
// their room when a counter verifies the others.
func room(from, to Status, c Counts, l Limits) error {
	if to == ToBeSubmitted && from != ToBeSubmitted && c.ToBeSubmitted >= l.ToBeSubmitted {
		return problem.New(ToBeSubmittedFull, "the list holds as many to-be-submitted passengers as it may")
	}
	if to.counted() && !from.counted() && c.Counted >= l.Passengers {
		return errListFull
	}
	uncounted := c.Pending + c.Failed
	if !to.counted() && (from == 0 || from.counted()) && uncounted >= l.Uncounted {
		return problem.New(UncountedFull, "the list holds as many pending and failed passengers as it may")
	}
	if from == 0 && c.Counted+uncounted >= l.Lines {
		return problem.New(ListMaximum, "the list has as many lines as it may, whatever their status")
	}
	return nil
}

// Exceeds reports whether a verification would put the passenger beyond
// Limits.Passengers.
func Exceeds(p Passenger, c Counts, l Limits) bool {
	return !p.Status.counted() && c.Counted >= l.Passengers
}

// NeedsHolderOriginal reports whether the passenger of the account's list is
// verified with the account holder's original too (G04): the list is full, and
// account and passenger have resident ID cards. It goes by the list as it is when
// the passenger comes to a counter, not by the one that the passenger was added to.
func NeedsHolderOriginal(a Account, p Passenger, c Counts, l Limits) bool {
	return Exceeds(p, c, l) && kindOf(a.Person.Document) == resident && kindOf(p.Person.Document) == resident
}

// CanExceed reports whether a counter may verify the passenger of the account's
// list with regard to its limit (G04 to G07). On a full list a resident ID account
// has its resident ID passengers verified with both originals; no other passenger
// is verified there, and no passenger of another account. CanVerify says the rest.
func CanExceed(a Account, p Passenger, v Visit, c Counts, l Limits) error {
	switch {
	case !Exceeds(p, c, l):
		return nil
	case !NeedsHolderOriginal(a, p, c, l):
		return errListFull
	case !v.HolderOriginal:
		return problem.New(HolderOriginalMissing, "the list is full: the account holder's original is needed besides the passenger's")
	}
	return nil
}

// CanEdit reports whether the account may put another person's fields in a line
// of its list, and the status that the line then has (rule B4 and the table of
// statuses). c.Twice is about the new fields. Ours: to change the kind of document
// is to add a passenger by it. So is, for an account with another document, every
// edit that makes a resident ID passenger (P26).
func CanEdit(a Account, p Passenger, to identity.Person, c Counts, l Limits) (Status, error) {
	next, err := edited(p, to)
	if err != nil {
		return 0, err
	}
	if err := mayActFor(a, to.Document); err != nil && (kindOf(to.Document) != kindOf(p.Person.Document) || problem.Is(err, OtherDocumentsOnly)) {
		return 0, err
	}
	if c.Twice || to.SameDocument(a.Person) {
		return 0, errListed
	}
	if err := room(p.Status, next, c, l); err != nil {
		return 0, err
	}
	return next, nil
}

// CanEditOwn reports whether the holder may change the account's own identity,
// and the status that it then has. Ours: as a passenger's (rule B4), a
// to-be-submitted holder's identity is fixed by a ticket bought for it.
func CanEditOwn(a Account, to identity.Person) (Status, error) { return edited(a.Self(), to) }

func edited(p Passenger, to identity.Person) (Status, error) {
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
		return errImpossible
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
