package rules

import (
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Correction is what a window would write over an entry: the person as the
// original on the counter says.
type Correction struct {
	To    identity.Person
	Visit Visit
	// Twice says that the account's list holds the new document in another line.
	Twice bool
}

// CanCorrect reports whether a window may correct an identity that was checked,
// and the status that it then has. The source fixes a checked identity (S4:19,
// S4:73) and says nothing of one that was checked wrongly.
//
// Our choice: a window corrects verified and pre-verified entries only, because the
// holder can edit all others. The person comes in person, since delegates are for
// entries that were not checked or failed (rule B10), with the original and with
// the proof of rule B1, since the entry differs from the document. The name or the
// document stays: what changes both is another person. A corrected resident ID card
// is verified; another document is pre-verified and waits for the authority.
func CanCorrect(a Account, p Passenger, own bool, c Contact, to Correction) (Status, error) {
	if to.Visit.At != Window {
		return 0, problem.New(StationWindowOnly, "a checked identity is corrected at station windows only")
	}
	next := checked(to.To.Document)
	if !fixed(p.Standing()) {
		return 0, problem.New(MoveRefused, "only a verified or pre-verified identity is corrected; the account's holder edits any other")
	}
	if err := CanMove(p.Standing(), Standing{to.To.Document, next}, Window); err != nil {
		return 0, err
	}
	if to.Visit.Delegated {
		return 0, problem.New(InPersonOnly, "a delegate cannot have a checked identity corrected")
	}
	if err := to.Visit.canRead(); err != nil {
		return 0, err
	}
	if !c.proves(to.Visit.Proof) {
		return 0, errProof
	}
	if to.To == p.Person {
		return 0, problem.New(MoveRefused, "the entry says this already")
	}
	if !samePerson(p.Person, to.To) {
		return 0, errOtherPerson
	}
	if !own && kindOf(to.To.Document) != kindOf(p.Person.Document) {
		if err := mayActFor(a, to.To.Document); err != nil {
			return 0, err
		}
	}
	if to.Twice || !own && to.To.SameDocument(a.Person) {
		return 0, errListed
	}
	return next, nil
}

// CanClaim reports whether an account gets an identity that another one has or had
// (rule B11), and the status that its holder then has: the person is at a
// window with the original, and the proof of rule B1 shows that the account is
// theirs. Our choice: an account whose holder was checked as a different person does
// not become the claimant's by it, and a ticket fixes a to-be-submitted holder as it
// does for an edit.
func CanClaim(a Account, c Contact, to Correction) (Status, error) {
	if err := CanFreeIdentity(to.Visit); err != nil {
		return 0, err
	}
	if !c.proves(to.Visit.Proof) {
		return 0, errProof
	}
	if fixed(a.Standing()) && !samePerson(a.Person, to.To) {
		return 0, errOtherPerson
	}
	if a.Status == ToBeSubmitted && a.OwnTickets > 0 && to.To != a.Person {
		return 0, errTicketBought
	}
	if to.Twice {
		return 0, problem.New(AlreadyListed, "the document is that of a passenger on the account's list")
	}
	return checked(to.To.Document), nil
}

// checked is the status of what a window found to match the original.
func checked(d identity.DocumentType) Status {
	if d == identity.ResidentID {
		return Verified
	}
	return PreVerified
}

// fixed reports whether the holder can no longer edit the identity.
func fixed(s Standing) bool {
	return (s.Status == Verified || s.Status == PreVerified) && s.kinds().possible()
}

// samePerson reports whether an identity can be a corrected form of another.
func samePerson(p, q identity.Person) bool {
	return p.SameDocument(q) || identity.SameName(p.Name.Text, q.Name.Text)
}

// CanRegister reports whether an identity may open an account (rule B11): it may
// not if another account has it already.
func CanRegister(registered bool) error {
	if registered {
		return problem.New(IdentityRegistered, "another account has this identity already")
	}
	return nil
}

// CanFreeIdentity reports whether a visit may take an identity from the account
// that has it (rule B11): only the person, in person, at a station window, with
// the original.
func CanFreeIdentity(v Visit) error {
	if v.At != Window {
		return problem.New(StationWindowOnly, "an identity that is registered already is settled at station windows only")
	}
	if v.Delegated {
		return problem.New(InPersonOnly, "nobody can be sent for an identity that is registered already")
	}
	return v.canRead()
}

// FreedStatus is the status of an account from which a window took an identity
// (rule B11). Our choice: failed, because the identity is not its to use. Its
// holder may enter another one, or prove at a window to be the owner.
const FreedStatus = Failed
