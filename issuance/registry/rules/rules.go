// Package rules is the real-name registry of rule B as rules: which statuses
// an identity has, who may move it where, what an account may do with its list
// of passengers, with tickets, and what a station does for whom.
//
// It promises that what no rule allows is refused, with a code from a closed
// list (Problems); that a standing which cannot exist is refused everything; and
// that no refusal repeats what was entered. Every function is pure: what is
// counted, what time it is and what is on file come in, a decision goes out.
//
// It does not promise that two decisions taken at once hold together: who stores
// what was decided (package registry) takes the counts and writes in one transaction. It does not
// know who asks: that a clerk is one, and that an account is the caller's, is
// settled before.
package rules

import (
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Account is what the rules look at in a registered account.
type Account struct {
	identity.Private
	Person identity.Person
	Status Status
	// Tickets counts every ticket of the account, for all passengers: those it
	// bought and those that changes issued, changed and refunded ones included
	// (rule B5). It never falls, whatever is edited.
	Tickets int
	// OwnTickets are those of them that are for the holder.
	OwnTickets int
}

// Passenger is somebody on an account's list, or the holder (Account.Self).
type Passenger struct {
	Person identity.Person
	Status Status
	// AddedAt is when the passenger came onto the list; an edit does not change it.
	AddedAt time.Time
	// Tickets counts this account's tickets for the passenger, as Account.Tickets
	// does. It never falls, whatever is edited.
	Tickets int
}

// Self is the account's holder as a passenger.
func (a Account) Self() Passenger {
	return Passenger{Person: a.Person, Status: a.Status, Tickets: a.OwnTickets}
}

// Standing is the status with its document.
func (a Account) Standing() Standing { return Standing{a.Person.Document, a.Status} }

// Standing is the status with its document.
func (p Passenger) Standing() Standing { return Standing{p.Person.Document, p.Status} }

// ReadPerson checks what was entered, strictly. now tells which birth dates lie in the
// future.
func ReadPerson(e identity.Entry, now time.Time) (identity.Person, error) {
	p, err := identity.ReadPerson(e, now)
	return p, EntryProblem(err, "document_number: ", FieldProblems{
		{DocumentUnknown, "document_type "}, {PersonInvalid, "name "}, {PersonInvalid, "document_number: "}, {PersonInvalid, ""},
	})
}

// ReadDocument is ReadPerson for a document alone.
func ReadDocument(e identity.Entry, now time.Time) (identity.Person, error) {
	p, err := identity.ReadDocument(e, now)
	return p, EntryProblem(err, "document_number: ", FieldProblems{{DocumentUnknown, "document_type "}, {}, {PersonInvalid, ""}, {PersonInvalid, ""}})
}

// FieldProblems are the code of each identity.Field that is refused, and the words that
// stand before what is wrong with it.
type FieldProblems [identity.Fields]struct {
	Code   problem.Code
	Before string
}

// EntryProblem is the problem of an entry that package identity refuses. before stands
// before what is wrong with a first-generation card, which has a code of its own.
func EntryProblem(err error, before string, of FieldProblems) error {
	var wrong *identity.EntryError
	switch {
	case !errors.As(err, &wrong):
		return err
	case errors.Is(err, identity.ErrFirstGeneration):
		return problem.New(FirstGenerationCard, before+err.Error())
	}
	return problem.New(of[wrong.Field].Code, of[wrong.Field].Before+err.Error())
}

// Consent is to the keeping of a person's data under a version of the privacy
// policy. Ours: for a passenger on a list the account holder gives it, and with
// it the word that the passenger agreed.
type Consent struct {
	Policy string
	At     time.Time
}

// CanKeep reports whether a person's data may be kept at all (rule B12): only with
// consent to the policy in force, given by now.
func CanKeep(c Consent, policy string, now time.Time) error {
	if policy == "" || c.Policy != policy || c.At.IsZero() || c.At.After(now) {
		return problem.New(ConsentMissing, "consent to the privacy policy in force is needed")
	}
	return nil
}

// TakenUntil is until when the identity of an account that closes now stays taken;
// now, if it is free at once.
//
// Ours: the source does not speak of closing. An account may go at any time, and
// what it knew of people goes with it. But whoever closes it and registers anew
// would have an empty list and no tickets bought, and rules B4 and B5 would bind
// nobody. So the identity stays taken until the last passenger whom rule B4 still
// keeps could have been deleted; where tickets count, because the account or a
// passenger is to be submitted, for Limits.Keep from now. Who cannot wait goes to
// the station window in person, as for any identity that is registered already
// (rule B11).
func TakenUntil(a Account, list []Passenger, l Limits, now time.Time) time.Time {
	held := now
	until := func(t time.Time) {
		if t.After(held) {
			held = t
		}
	}
	if a.Status == ToBeSubmitted && a.Tickets > 0 {
		until(now.Add(l.Keep))
	}
	for _, p := range list {
		if p.Status == ToBeSubmitted && p.Tickets > 0 {
			until(now.Add(l.Keep))
		} else if a.kept(p) {
			until(p.AddedAt.Add(l.Keep))
		}
	}
	return held
}

// What several rules refuse for.
var (
	errOtherPerson    = problem.New(OtherPerson, "name and document both differ from the entry: this is another person")
	errProof          = problem.New(ProofWrong, "the last 4 digits of the phone, the first 3 characters of the e-mail or, for a passenger on a list, the account holder's document number is needed and must be right")
	errTicketBought   = problem.New(TicketBought, "a to-be-submitted passenger for whom a ticket was bought can be neither edited nor deleted")
	errWindowName     = problem.New(StationWindowOnly, "an over-long, rare or traditional name is handled at station windows only")
	errWindowDocument = problem.New(StationWindowOnly, "this kind of document is checked at station windows only")
	errImpossible     = problem.New(PassengerStatus, "a passenger by this document cannot have this status")
	errListed         = problem.New(AlreadyListed, "the same document is on the list already, or is the account holder's")
	errRefundOnly     = problem.New(RefundOnly, "the identity did not pass; its tickets are refunded at a station window, nothing else")
	errUnchecked      = problem.New(PassengerStatus, "the passenger's identity is not checked far enough")
	errListFull       = problem.New(ListFull, "the list holds as many verified, to-be-submitted and pre-verified passengers as it may")
)
