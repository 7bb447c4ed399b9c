package registry

import (
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/refusal"
)

// Counts are what is on a list when something is to change on it.
type Counts struct {
	Counted       int // verified, to be submitted, pre-verified (rule B3)
	ToBeSubmitted int // those of them that are to be submitted (rule B2)
	Pending       int
	Failed        int
	// Twice says that another line of the list is about the same document.
	Twice bool
}

// CountList counts a list for a change that puts the person on it. at is the
// line to be edited, -1 for a new one.
func CountList(list []Passenger, person Person, at int) (c Counts) {
	for i, p := range list {
		c.Add(p.Status, 1)
		c.Twice = c.Twice || i != at && p.Person.SameDocument(person)
	}
	return c
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
		return refusal.New(PassengerStatus, "a passenger by this document cannot have this status")
	}
	if c.Twice || p.Person.SameDocument(a.Person) {
		return refusal.New(AlreadyListed, "the same document is on the list already, or is the account holder's")
	}
	return room(0, p.Status, c, l)
}

// mayActFor is what B2 and B5 ask of an account: for holders of resident ID cards
// it must be verified; for holders of other documents verified, pre-verified or
// to be submitted. Ours: the source can also be read so that a to-be-submitted or
// pre-verified account may act for holders of resident ID cards; of two readings
// this is the strict one.
func mayActFor(a Account, d identity.DocumentType) error {
	s := a.Standing().kinds()
	switch {
	case !s.possible():
	case kindOf(d) == resident && s.status == Verified:
		return nil
	case kindOf(d) == other && (s.status == Verified || s.status == PreVerified || s.status == ToBeSubmitted):
		return nil
	}
	return refusal.New(AccountStatus, "the account's own identity is not checked far enough for this document type")
}

// CanRejoin reports whether a list has room for a failed passenger whom a counter
// found to match after all: a failed one takes no place (rule B3).
func CanRejoin(p Passenger, next Status, c Counts, l Limits) error {
	if p.Status != Failed || next == Failed {
		return nil
	}
	return room(p.Status, next, c, l)
}

// room reports whether a list has room for a line that goes from one status (0
// for a new line) to another, by an addition or an edit. What a clerk or the
// authority decides is about the person and is never refused because a list is
// full. So, ours: a pending passenger takes a place from the start, else a list
// could outgrow its limit at the counter. A failed one takes none, and gets one by
// an edit or by CanRejoin.
func room(from, to Status, c Counts, l Limits) error {
	if to == ToBeSubmitted && from != ToBeSubmitted && c.ToBeSubmitted >= l.ToBeSubmitted {
		return refusal.New(ToBeSubmittedFull, "the list holds as many to-be-submitted passengers as it may")
	}
	if to.placed() && !from.placed() && c.Counted+c.Pending >= l.Passengers {
		return refusal.New(ListFull, "the list holds as many passengers as it may, pending ones included")
	}
	if from == 0 && c.Failed >= l.Failed {
		return refusal.New(ListFull, "the list holds as many failed passengers as it may; delete some")
	}
	return nil
}
