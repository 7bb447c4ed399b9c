package registry

import (
	"errors"

	"github.com/railgate/railgate/issuance/refusal"
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

var serviceNames = [...]string{Exchange: "exchange", Change: "change", Refund: "refund"}

// ErrService says that a name is no service.
var ErrService = errors.New("registry: no such service")

// ParseService reads a service's stable name; everything else is ErrService.
func ParseService(name string) (Service, error) {
	for s := Exchange; s <= Refund; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, ErrService
}

func (s Service) String() string {
	if s < Exchange || s > Refund {
		return "unknown"
	}
	return serviceNames[s]
}

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

func (s Step) String() string {
	switch s {
	case Nothing:
		return "nothing"
	case Verification:
		return "verification"
	case PreVerification:
		return "pre_verification"
	}
	return "unknown"
}

// CanServe reports whether a counter, Window or Agency, does the service for the
// passenger, and what must be done first (rule B7). After that step the passenger
// has another status: ask again, the answer is then final.
//
// Ours: a pending passenger, of whom the source does not speak, is verified first
// where that can be; a failed one is refunded only, as the source says of whose
// pre-verification failed.
func CanServe(p Passenger, at Actor, s Service) (first Step, err error) {
	if at != Window && at != Agency || s < Exchange || s > Refund {
		return Nothing, refusal.New(ServiceNotHere, "exchange, change and refund are done at station windows, exchange at agencies too")
	}
	if !p.Standing().kinds().possible() {
		return Nothing, refusal.New(PassengerStatus, "a passenger by this document cannot have this status")
	}
	if at == Agency && s != Exchange {
		return Nothing, refusal.New(ServiceNotHere, "agencies only exchange tickets; change and refund are done at station windows")
	}
	switch p.Status {
	case Verified, PreVerified:
		return Nothing, nil
	case ToBeSubmitted:
		if at == Agency {
			return Nothing, refusal.New(StationWindowOnly, "this kind of document is checked at station windows only")
		}
		return PreVerification, nil
	case Pending:
		if at == Agency && p.Person.WindowOnly() {
			return Nothing, refusal.New(StationWindowOnly, "an over-long, rare or traditional name is handled at station windows only")
		}
		return Verification, nil
	}
	if at == Window && s == Refund {
		return Nothing, nil
	}
	return Nothing, refusal.New(RefundOnly, "the identity did not pass; its tickets are refunded at a station window, nothing else")
}
