package rules

import (
	"github.com/railgate/railgate/issuance/problem"
)

// Visit is what is brought to a counter, as the clerk saw it.
type Visit struct {
	At       Actor // Window or Agency
	Original bool  // the original of the document
	// InDate says that the document has not expired, Readable that it can be read: a
	// resident ID card by the card reader, another document by the clerk.
	InDate, Readable bool
	// Delegated says that somebody else brings it; then DelegateOriginal says
	// whether the original of that person's own document is there too (rule B10).
	Delegated, DelegateOriginal bool
	// HolderOriginal says that the original of the account holder's document is
	// there too, for a passenger beyond the limit of the list (CanExceed). A holder
	// who brings the passenger's document is the delegate as well.
	HolderOriginal bool
	Proof          Proof // for names of rule B1 only
}

// CanVerify reports whether the counter may check the identity: the status is one
// that it may change, the document is an original that is in date and readable,
// both originals are there if a delegate brings them (rule B10), and a name that
// only a station window handles has its proof (rule B1). Delegates bring resident
// ID cards to a window or an agency, other documents to a window, as the holders do.
func CanVerify(p Passenger, c Contact, v Visit) error {
	if v.At != Window && v.At != Agency {
		return problem.New(MoveRefused, "originals are looked at over a counter")
	}
	if err := canCheck(p, v.At); err != nil {
		return err
	}
	if err := v.canRead(); err != nil {
		return err
	}
	if v.Delegated && !v.DelegateOriginal {
		return problem.New(OriginalMissing, "both originals are needed: the document to be checked, and that of who brings it")
	}
	if !p.Person.WindowOnly() {
		return nil
	}
	if v.At != Window {
		return errWindowName
	}
	if !c.proves(v.Proof) {
		return errProof
	}
	return nil
}

// canRead reports whether the document on the counter is good for a comparison. A
// document that is not leaves the entry's status as it is.
func (v Visit) canRead() error {
	switch {
	case !v.Original:
		return problem.New(OriginalMissing, "the original of the document is needed")
	case !v.InDate:
		return problem.New(DocumentExpired, "the document is not in date")
	case !v.Readable:
		return problem.New(DocumentUnreadable, "the document cannot be read: a resident ID card by the card reader, another document by the clerk")
	}
	return nil
}

// Verify is the status after a counter compared the original with the entry.
func Verify(p Passenger, c Contact, v Visit, matches bool) (Status, error) {
	if err := CanVerify(p, c, v); err != nil {
		return 0, err
	}
	if !matches {
		return Failed, nil
	}
	return checked(p.Person.Document), nil
}

// SettleForeign is the status after the national authority looked at a pre-verified
// identity.
func SettleForeign(p Passenger, matches bool) (Status, error) {
	if err := canCheck(p, Authority); err != nil {
		return 0, err
	}
	if matches {
		return Verified, nil
	}
	return Failed, nil
}

// MayCheck reports whether the actor is the one whose check the entry waits for.
func MayCheck(p Passenger, by Actor) error {
	if err := canCheck(p, by); err != nil {
		return err
	}
	if by == Agency && p.Person.WindowOnly() {
		return errWindowName
	}
	return nil
}

// canCheck asks whether the identity may fail: who may find that may look at it.
func canCheck(p Passenger, by Actor) error {
	return CanMove(p.Standing(), Standing{p.Person.Document, Failed}, by)
}

// CanVerifyOnline reports whether an account's own identity may become verified by a face
// check and the resident registry (人证核验, rule G39): a resident ID that is pending or
// failed. An over-long, rare or traditional name is for station windows only (S4:23,
// 仅可), online checks included.
func CanVerifyOnline(a Account) error {
	p := a.Self()
	if kindOf(p.Person.Document) == other {
		return errWindowDocument
	}
	if err := CanMove(p.Standing(), Standing{p.Person.Document, Verified}, Online); err != nil {
		return err
	}
	if p.Person.WindowOnly() {
		return errWindowName
	}
	return nil
}
