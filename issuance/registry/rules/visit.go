package rules

import (
	"github.com/railgate/railgate/issuance/problem"
)

// Visit is what a visitor brings to a counter, as stated by the clerk.
type Visit struct {
	At       Actor // Window or Agency
	Original bool  // the original of the document
	// InDate means that the document has not expired, Readable that it can be read: a resident ID
	// card by the card reader, another document by the clerk.
	InDate, Readable bool
	// Delegated means that another person brings the document; DelegateOriginal then means that the
	// original of their own document was brought as well (rule B10).
	Delegated, DelegateOriginal bool
	// HolderOriginal means that the original of the account holder's document was brought as well,
	// for a passenger beyond the limit of the list ([CanExceed]). A holder who brings the
	// passenger's document is also the delegate.
	HolderOriginal bool
	Proof          Proof // only for names of rule B1
}

// CanVerify reports whether the counter may check the identity. Its status allows it; the document
// is an original, in date and readable; a delegate brings both originals (rule B10); and a name
// that only a station window handles has its proof (rule B1). Delegates bring resident ID cards to
// a window or an agency and other documents to a window, as the holders do.
func CanVerify(p Passenger, c Contact, v Visit) error {
	if v.At != Window && v.At != Agency {
		return problem.New(TransitionRefused, "originals are checked only at a station window or an agency")
	}
	if err := canCheck(p, v.At); err != nil {
		return err
	}
	if err := v.canRead(); err != nil {
		return err
	}
	if v.Delegated && !v.DelegateOriginal {
		return problem.New(OriginalMissing, "two originals are required: the document to be checked and the delegate's own document")
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

// canRead reports whether the document can be compared with the entry. A document that cannot
// leaves the entry's status unchanged.
func (v Visit) canRead() error {
	switch {
	case !v.Original:
		return problem.New(OriginalMissing, "the original of the document is required")
	case !v.InDate:
		return problem.New(DocumentExpired, "the document is not valid today")
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

// SettleForeign is the status after the national authority checked a pre-verified identity.
func SettleForeign(p Passenger, matches bool) (Status, error) {
	if err := canCheck(p, Authority); err != nil {
		return 0, err
	}
	if matches {
		return Verified, nil
	}
	return Failed, nil
}

// MayCheck reports whether the actor may check the entry in its present status.
func MayCheck(p Passenger, by Actor) error {
	if err := canCheck(p, by); err != nil {
		return err
	}
	if by == Agency && p.Person.WindowOnly() {
		return errWindowName
	}
	return nil
}

// canCheck reports whether the identity could become failed: an actor who may find that may check
// the identity.
func canCheck(p Passenger, by Actor) error {
	return CanTransition(p.DocumentStatus(), DocumentStatus{p.Person.Document, Failed}, by)
}

// CanVerifyOnline reports whether an account's own identity may be verified by a face check and the
// resident registry (人证核验, rule G39): a resident ID card that is pending or failed. An over-long,
// rare or traditional name is checked only at station windows (S4:23, 仅可), not online.
func CanVerifyOnline(a Account) error {
	p := a.Self()
	if kindOf(p.Person.Document) == other {
		return errWindowDocument
	}
	if err := CanTransition(p.DocumentStatus(), DocumentStatus{p.Person.Document, Verified}, Online); err != nil {
		return err
	}
	if p.Person.WindowOnly() {
		return errWindowName
	}
	return nil
}
