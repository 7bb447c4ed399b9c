package rules

import (
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Correction is what a window would write over an entry: the person on the original document.
type Correction struct {
	To    identity.Person
	Visit Visit
	// Duplicate means that another line of the account's list has the new document.
	Duplicate bool
}

// CanCorrect reports whether a window may correct a checked identity, and the status after it. The
// rules fix a checked identity (S4:19, S4:73) and do not mention one that was checked wrongly.
//
// Our choice: a window corrects only verified and pre-verified entries, since the holder can edit
// all others. The person must appear in person, since delegates are for unchecked and failed
// entries (rule B10). They need the original and the proof of rule B1, since the entry differs from
// the document. Either the name or the document stays the same: a change of both describes another
// person. A corrected resident ID card is verified; another document is pre-verified and waits for
// the authority.
func CanCorrect(a Account, p Passenger, own bool, c Contact, to Correction) (Status, error) {
	if to.Visit.At != Window {
		return 0, problem.New(StationWindowOnly, "a checked identity is corrected only at station windows")
	}
	next := checked(to.To.Document)
	if !fixed(p.DocumentStatus()) {
		return 0, problem.New(TransitionRefused, "only a verified or pre-verified identity can be corrected at a window; the account holder edits any other")
	}
	if err := CanTransition(p.DocumentStatus(), DocumentStatus{to.To.Document, next}, Window); err != nil {
		return 0, err
	}
	if to.Visit.Delegated {
		return 0, problem.New(InPersonOnly, "a checked identity is corrected only in person, not through a delegate")
	}
	if err := to.Visit.canRead(); err != nil {
		return 0, err
	}
	if !c.proves(to.Visit.Proof) {
		return 0, errProof
	}
	if to.To == p.Person {
		return 0, problem.New(TransitionRefused, "the entry already has these values")
	}
	if !samePerson(p.Person, to.To) {
		return 0, errOtherPerson
	}
	if !own && kindOf(to.To.Document) != kindOf(p.Person.Document) {
		if err := mayActFor(a, to.To.Document); err != nil {
			return 0, err
		}
	}
	if to.Duplicate || !own && to.To.SameDocument(a.Person) {
		return 0, errListed
	}
	return next, nil
}

// CanClaim reports whether an account gets an identity that another account has or had (rule B11),
// and its holder's status after it. The person is at a window with the original, and the proof of
// rule B1 shows that the account is theirs. Our choice: an account whose holder was checked as a
// different person cannot claim the identity, and a ticket fixes a to-be-submitted holder as it
// does for an edit.
func CanClaim(a Account, c Contact, to Correction) (Status, error) {
	if err := CanFreeIdentity(to.Visit); err != nil {
		return 0, err
	}
	if !c.proves(to.Visit.Proof) {
		return 0, errProof
	}
	if fixed(a.DocumentStatus()) && !samePerson(a.Person, to.To) {
		return 0, errOtherPerson
	}
	if a.Status == ToBeSubmitted && a.OwnTickets > 0 && to.To != a.Person {
		return 0, errTicketBought
	}
	if to.Duplicate {
		return 0, problem.New(AlreadyListed, "the document belongs to a passenger on the account's list")
	}
	return checked(to.To.Document), nil
}

// checked is the status after a counter found that the entry matches the original.
func checked(d identity.DocumentType) Status {
	if d == identity.ResidentID {
		return Verified
	}
	return PreVerified
}

// fixed reports whether the holder can no longer edit the identity.
func fixed(s DocumentStatus) bool {
	return (s.Status == Verified || s.Status == PreVerified) && s.byKind().possible()
}

// samePerson reports whether q can be a corrected form of p.
func samePerson(p, q identity.Person) bool {
	return p.SameDocument(q) || identity.SameName(p.Name.Text, q.Name.Text)
}

// CanRegister reports whether an identity may open an account (rule B11): not if another account
// has it.
func CanRegister(registered bool) error {
	if registered {
		return problem.New(IdentityRegistered, "another account already has this identity")
	}
	return nil
}

// CanFreeIdentity reports whether a visit may take an identity from the account that has it (rule
// B11): only the person themselves, at a station window, with the original.
func CanFreeIdentity(v Visit) error {
	if v.At != Window {
		return problem.New(StationWindowOnly, "an identity that is already registered is handled only at station windows")
	}
	if v.Delegated {
		return problem.New(InPersonOnly, "an identity that is already registered is handled only in person, not through a delegate")
	}
	return v.canRead()
}

// FreedStatus is the status of an account after a window took its identity (rule B11). Our choice:
// failed, since the identity is not theirs to use. The holder may enter another identity or prove
// at a window that it is theirs.
const FreedStatus = Failed
