package rules

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Service is a service for a ticket at a counter.
type Service uint8

const (
	// Exchange issues the paper ticket for a ticket bought online (换票).
	Exchange Service = iota + 1
	// Change replaces a ticket by one for another train or day (改签).
	Change
	// Refund returns the money (退票).
	Refund
)

var serviceNames = Names[Service]{Exchange: "exchange", Change: "change", Refund: "refund"}

// ParseService parses a service's stable name. Any other name is [ErrName].
func ParseService(name string) (Service, error) { return serviceNames.Parse(name) }

func (s Service) String() string { return serviceNames.Of(s) }

// Step is what must happen before an allowed service.
type Step uint8

const (
	// Nothing: the service can be performed now.
	Nothing Step = iota
	// Verification of a resident ID card, at the same counter.
	Verification
	// PreVerification of another document, at the station window.
	PreVerification
)

var stepNames = Names[Step]{Nothing: "nothing", Verification: "verification", PreVerification: "pre_verification"}

func (s Step) String() string { return stepNames.Of(s) }

// Card is the data that a ticket machine reads from a resident ID card.
type Card struct {
	identity.Private
	Name, Number string
}

// Serving is a requested service, with what the passenger brings.
type Serving struct {
	At       Actor // Window, Agency or Machine
	Service  Service
	Original bool   // the original of the document was brought
	Order    string // the order number that the passenger gave; may be empty
	Card     Card   // only at machines
}

// CanServe reports whether a station window, an agency or a ticket machine performs the service for
// the passenger of a ticket, and what must be done first (rule B7). order is the order number that
// was reported for the ticket. After the first step the passenger has another status; a second call
// gives the final answer.
//
// Names of rule B1 need the original and the order number (R29, R30) and are not handled by
// machines (R31). A machine exchanges tickets of verified passengers with resident ID cards whose
// name and number match the entry (R27, R28).
//
// Our choice: a pending passenger, whom the rules do not mention, is verified first where that is
// possible. A failed one only gets a refund, as the rules say after a failed pre-verification. The
// rules require original and order number for special names on resident ID cards; other documents
// are treated alike. Names are compared by the rules of spelling, which ignore the case of letters
// (G17).
func CanServe(p Passenger, order string, s Serving) (first Step, err error) {
	if s.At != Window && s.At != Agency && s.At != Machine || s.Service < Exchange || s.Service > Refund {
		return Nothing, problem.New(ServiceNotHere, "at must be a station window, an agency or a machine, and service exchange, change or refund")
	}
	if !p.DocumentStatus().byKind().possible() {
		return Nothing, errImpossible
	}
	if s.At != Window && s.Service != Exchange {
		return Nothing, problem.New(ServiceNotHere, "agencies and machines only exchange tickets; go to a station window for a change or a refund")
	}
	if s.At == Machine {
		return Nothing, canExchangeAtMachine(p, s)
	}
	switch p.Status {
	case Verified, PreVerified:
		return Nothing, s.proves(p, order)
	case ToBeSubmitted:
		if s.At == Agency {
			return Nothing, errWindowDocument
		}
		return PreVerification, nil
	case Pending:
		if s.At == Agency && p.Person.WindowOnly() {
			return Nothing, errWindowName
		}
		return Verification, nil
	}
	if s.At == Window && s.Service == Refund {
		return Nothing, s.proves(p, order)
	}
	return Nothing, errRefundOnly
}

// proves checks that a name of rule B1 comes with the original and the ticket's order number.
func (s Serving) proves(p Passenger, order string) error {
	if !p.Person.WindowOnly() {
		return nil
	}
	if !s.Original {
		return problem.New(OriginalMissing, "an over-long, rare or traditional name requires the original of the document")
	}
	if order == "" || !equal(order, s.Order) {
		return problem.New(OrderWrong, "an over-long, rare or traditional name requires the correct order number of the ticket")
	}
	return nil
}

func canExchangeAtMachine(p Passenger, s Serving) error {
	switch {
	case p.Person.WindowOnly():
		return problem.New(CounterOnly, "an over-long, rare or traditional name is not handled by machines")
	case p.Person.Document != identity.ResidentID:
		return problem.New(CounterOnly, "machines read only resident ID cards")
	case p.Status == Failed:
		return errRefundOnly
	case p.Status != Verified:
		return errUnchecked
	case !s.Original || s.Card == Card{}:
		return problem.New(OriginalMissing, "a machine must read the original of the resident ID card")
	case !identity.SameName(s.Card.Name, p.Person.Name.Text) || !equal(strings.ToUpper(s.Card.Number), p.Person.Number):
		return problem.New(CardMismatch, "the name or number on the card does not match the passenger")
	}
	return nil
}

// equal compares in constant time, independently of the lengths.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
