// Package rules implements the decisions of rule B: the statuses of an identity and who may change
// them, the passenger list, the tickets of an account, and what a station does for a passenger.
//
// It promises that everything no rule allows is refused with a code from a closed list
// ([Problems]), that a status which is impossible for its document is refused everything, and that
// no problem repeats what was entered. Every function is pure: counts, the time and stored data are
// arguments, and a decision is the result.
//
// It does not make concurrent decisions consistent: package registry reads the counts and stores
// the decision in one transaction. It does not authenticate: the caller has established that a
// clerk is a clerk and that an account is the caller's.
package rules

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Account is the part of an account that the rules depend on.
type Account struct {
	identity.Private
	Person identity.Person
	Status Status
	// Tickets counts every ticket of the account for all passengers, bought or issued by a change,
	// including changed and refunded ones (rule B5). It never decreases.
	Tickets int
	// OwnTickets counts the tickets for the holder.
	OwnTickets int
}

// Passenger is a person on an account's list, or the holder ([Account.Self]).
type Passenger struct {
	Person identity.Person
	Status Status
	// AddedAt is when the passenger was added to the list; an edit does not change it.
	AddedAt time.Time
	// Tickets counts this account's tickets for the passenger, as Account.Tickets does.
	Tickets int
}

// Self is the account's holder as a passenger.
func (a Account) Self() Passenger {
	return Passenger{Person: a.Person, Status: a.Status, Tickets: a.OwnTickets}
}

// DocumentStatus is the status with its document.
func (a Account) DocumentStatus() DocumentStatus { return DocumentStatus{a.Person.Document, a.Status} }

// DocumentStatus is the status with its document.
func (p Passenger) DocumentStatus() DocumentStatus {
	return DocumentStatus{p.Person.Document, p.Status}
}

// ReadPerson checks and normalizes an entry. now decides which birth dates are in the future.
func ReadPerson(e identity.Entry, now time.Time) (identity.Person, error) {
	p, err := identity.ReadPerson(e, now)
	return p, EntryProblem(err, "document_number: ", FieldProblems{
		{DocumentUnknown, "document_type "}, {PersonInvalid, "name "}, {PersonInvalid, "document_number: "}, {PersonInvalid, ""},
	})
}

// ReadDocument is [ReadPerson] without the name.
func ReadDocument(e identity.Entry, now time.Time) (identity.Person, error) {
	p, err := identity.ReadDocument(e, now)
	return p, EntryProblem(err, "document_number: ", FieldProblems{{DocumentUnknown, "document_type "}, {}, {PersonInvalid, ""}, {PersonInvalid, ""}})
}

// FieldProblems are the problem code and the text before the reason, by [identity.Field].
type FieldProblems [identity.Fields]struct {
	Code   problem.Code
	Before string
}

// EntryProblem is the problem of an entry that package identity refuses. before precedes the reason
// for a first-generation card, which has its own code.
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

// Consent is consent to storing a person's data under a version of the privacy policy. Our choice:
// for a passenger on a list the account holder gives it, and with it declares that the passenger
// agreed.
type Consent struct {
	Policy string
	At     time.Time
}

// CanKeep reports whether a person's data may be stored (rule B12): only with consent to the
// current policy, given no later than now.
func CanKeep(c Consent, policy string, now time.Time) error {
	if policy == "" || c.Policy != policy || c.At.IsZero() || c.At.After(now) {
		return problem.New(ConsentMissing, "consent to the current privacy policy is required")
	}
	return nil
}

// TakenUntil is until when the identity of an account that closes now remains taken; now, if it is
// free immediately.
//
// Our choice, since the rules do not mention closing. An account may be closed at any time, and its
// data about people is deleted. A person who closes it and registers again would have an empty list
// and no tickets counted, which would circumvent rules B4 and B5. Therefore the identity remains
// taken until the last passenger kept by rule B4 could have been deleted; and, where tickets count
// because the account or a passenger is to be submitted, for [Limits].Keep from now. A person who
// cannot wait goes to a station window in person, as for any identity that is already registered
// (rule B11).
func TakenUntil(a Account, list []Passenger, l Limits, now time.Time) time.Time {
	taken := now
	until := func(t time.Time) {
		if t.After(taken) {
			taken = t
		}
	}
	if a.Status == ToBeSubmitted && a.Tickets > 0 {
		until(now.Add(l.Keep))
	}
	for _, p := range list {
		if p.Status == ToBeSubmitted && p.Tickets > 0 {
			until(now.Add(l.Keep))
		} else if a.keeps(p) {
			until(p.AddedAt.Add(l.Keep))
		}
	}
	return taken
}

// Problems of several rules.
var (
	errOtherPerson    = problem.New(OtherPerson, "both name and document differ from the entry: this is another person")
	errProof          = problem.New(ProofWrong, "the proof must be the last 4 digits of the phone number, the first 3 characters of the e-mail address or, for a passenger on a list, the account holder's document number")
	errTicketBought   = problem.New(TicketBought, "a to-be-submitted passenger for whom a ticket was bought can be neither edited nor deleted")
	errWindowName     = problem.New(StationWindowOnly, "an over-long, rare or traditional name is handled only at station windows")
	errWindowDocument = problem.New(StationWindowOnly, "this type of document is checked only at station windows")
	errImpossible     = problem.New(PassengerStatus, "a passenger with this type of document cannot have this status")
	errListed         = problem.New(AlreadyListed, "the document is already on the list or belongs to the account holder")
	errRefundOnly     = problem.New(RefundOnly, "the identity failed the check; its tickets can only be refunded")
	errUnchecked      = problem.New(PassengerStatus, "the passenger's identity does not have the required status")
	errListFull       = problem.New(ListFull, "the list has the maximum number of verified, to-be-submitted and pre-verified passengers")
)

// Limits are the numbers of the rules and a table of settings. The zero value allows nothing.
type Limits struct {
	// Passengers is the maximum of verified, to-be-submitted and pre-verified passengers on a list
	// (rule B3: 100, adjusted for the Spring Festival and the summer). Beyond it a resident ID
	// account may add resident ID passengers, who are verified with both originals ([CanExceed]).
	// Lowering it removes no passenger.
	Passengers int `toml:"passengers" doc:"maximum of verified, to-be-submitted and pre-verified passengers on an account's list (rule B3; adjusted for the Spring Festival and the summer); a resident ID account may exceed it with both originals"`
	// ToBeSubmitted bounds the to-be-submitted passengers on a list (rule B2: 5).
	ToBeSubmitted int `toml:"to_be_submitted" doc:"maximum of to-be-submitted passengers on a list (rule B2)"`
	// Uncounted bounds the pending and failed passengers on a list, which Passengers does not
	// count. Our choice: a list must be bounded. These passengers can be deleted at any time.
	Uncounted int `toml:"uncounted" doc:"maximum of pending and failed passengers on a list, which the limit passengers does not count"`
	// Lines bounds all passengers on a list. Our choice: the rules do not bound the passengers
	// verified beyond Passengers.
	Lines int `toml:"lines" doc:"maximum of passengers on a list, of any status"`
	// Keep is how long a counted passenger cannot be deleted (rule B4: 180 days). Our choice: days
	// of 24 hours, from when the passenger was added to the list.
	Keep time.Duration `toml:"keep" doc:"time for which a counted passenger cannot be deleted (rule B4)"`
	// TicketsInAll bounds the tickets of a to-be-submitted account, TicketsEach those of any
	// account for one to-be-submitted passenger (rule B5: 20 and 4). A changed ticket and its
	// replacement count as two.
	TicketsInAll int `toml:"tickets_in_all" doc:"maximum of tickets of a to-be-submitted account, including tickets issued by changes (rule B5)"`
	TicketsEach  int `toml:"tickets_each" doc:"maximum of tickets of an account for one to-be-submitted passenger (rule B5)"`
}

// DefaultLimits are the numbers in the rules.
func DefaultLimits() Limits {
	return Limits{
		Passengers: 100, ToBeSubmitted: 5, Uncounted: 100, Lines: 500, Keep: 180 * 24 * time.Hour,
		TicketsInAll: 20, TicketsEach: 4,
	}
}

// The maxima of [Limits.Validate]. Our choice: enough for any season, and low enough to detect
// typing errors.
const (
	mostListed = 1000
	mostKept   = 10 * 366 * 24 * time.Hour
)

// Validate reports a limit that is out of range.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"passengers", l.Passengers}, {"to_be_submitted", l.ToBeSubmitted}, {"uncounted", l.Uncounted}, {"lines", l.Lines},
		{"tickets_in_all", l.TicketsInAll}, {"tickets_each", l.TicketsEach},
	} {
		if f.value < 1 || f.value > mostListed {
			return fmt.Errorf("registry: limit %s must be 1 to %d, is %d", f.name, mostListed, f.value)
		}
	}
	if l.Keep < 0 || l.Keep > mostKept {
		return fmt.Errorf("registry: limit keep must be 0 to %v, is %v", mostKept, l.Keep)
	}
	if l.ToBeSubmitted > l.Passengers {
		return fmt.Errorf("registry: limit to_be_submitted (%d) must not exceed passengers (%d)", l.ToBeSubmitted, l.Passengers)
	}
	if l.Lines < l.Passengers {
		return fmt.Errorf("registry: limit lines (%d) must not be less than passengers (%d)", l.Lines, l.Passengers)
	}
	if l.TicketsEach > l.TicketsInAll {
		return fmt.Errorf("registry: limit tickets_each (%d) must not exceed tickets_in_all (%d)", l.TicketsEach, l.TicketsInAll)
	}
	return nil
}
