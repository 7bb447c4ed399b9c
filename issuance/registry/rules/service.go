package rules

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
)

// Service is what is done with a ticket over a counter.
type Service uint8

const (
	// Exchange hands out the paper ticket for one bought online (换票).
	Exchange Service = iota + 1
	// Change is to another train or day (改签).
	Change
	// Refund gives the money back (退票).
	Refund
)

var serviceNames = Names[Service]{Exchange: "exchange", Change: "change", Refund: "refund"}

// ParseService reads a service's stable name; everything else is ErrName.
func ParseService(name string) (Service, error) { return serviceNames.Parse(name) }

func (s Service) String() string { return serviceNames.Of(s) }

// Step is what must happen before an allowed service.
type Step uint8

const (
	// Nothing: the service can be done now.
	Nothing Step = iota
	// Verification of a resident ID card, over the same counter.
	Verification
	// PreVerification of another document, at the station window.
	PreVerification
)

var stepNames = Names[Step]{Nothing: "nothing", Verification: "verification", PreVerification: "pre_verification"}

func (s Step) String() string { return stepNames.Of(s) }

// Card is what a ticket machine reads from a resident ID card.
type Card struct {
	identity.Private
	Name, Number string
}

// Serving is a service that is asked for, with what was brought for it.
type Serving struct {
	At       Actor // Window, Agency or Machine
	Service  Service
	Original bool   // the original of the document is there
	Order    string // the order number that the traveller gave; may be empty
	Card     Card   // at machines only
}

// CanServe reports whether a station window, an agency or a ticket machine does the
// service for the passenger of a ticket, and what must be done first (rule B7).
// order is the order number that was reported for the ticket. After that step the
// passenger has another status: ask again, the answer is then final.
//
// Names of rule B1 need the original and the order number (R29, R30) and are not
// for machines (R31). A machine exchanges tickets of verified passengers with
// resident ID cards whose name and number are those of the entry (R27, R28).
//
// Our choice: a pending passenger, of whom the source does not speak, is verified
// first where that can be; a failed one is refunded only, as the source says of
// whose pre-verification failed. The source asks for original and order number of
// special names on resident ID cards; other documents are treated alike. Names
// agree by the rules of spelling, so that letters' case makes no difference (G17).
func CanServe(p Passenger, order string, s Serving) (first Step, err error) {
	if s.At != Window && s.At != Agency && s.At != Machine || s.Service < Exchange || s.Service > Refund {
		return Nothing, problem.New(ServiceNotHere, "exchange, change and refund are done at station windows, exchange at agencies and machines too")
	}
	if !p.Standing().kinds().possible() {
		return Nothing, errImpossible
	}
	if s.At != Window && s.Service != Exchange {
		return Nothing, problem.New(ServiceNotHere, "agencies and machines only exchange tickets; change and refund are done at station windows")
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

// proves reports whether what was brought is enough for the name: one of rule B1
// needs the original and the ticket's order number.
func (s Serving) proves(p Passenger, order string) error {
	if !p.Person.WindowOnly() {
		return nil
	}
	if !s.Original {
		return problem.New(OriginalMissing, "an over-long, rare or traditional name needs the original of the document")
	}
	if order == "" || !same(order, s.Order) {
		return problem.New(OrderWrong, "an over-long, rare or traditional name needs the order number of the ticket, which must be right")
	}
	return nil
}

func canExchangeAtMachine(p Passenger, s Serving) error {
	switch {
	case p.Person.WindowOnly():
		return problem.New(CounterOnly, "an over-long, rare or traditional name is not handled at machines")
	case p.Person.Document != identity.ResidentID:
		return problem.New(CounterOnly, "machines read resident ID cards only")
	case p.Status == Failed:
		return errRefundOnly
	case p.Status != Verified:
		return errUnchecked
	case !s.Original || s.Card == Card{}:
		return problem.New(OriginalMissing, "a machine exchanges with the original of the resident ID card, which it reads")
	case !identity.SameName(s.Card.Name, p.Person.Name.Text) || !same(strings.ToUpper(s.Card.Number), p.Person.Number):
		return problem.New(CardMismatch, "name or number of the card is not that of the passenger")
	}
	return nil
}

// same compares without telling by its time how much was right, or how long.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
