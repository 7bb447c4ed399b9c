// Package booking knows which tickets are booked: a gate can ask whether the person of a code has a ticket for
// this station, now. Bookings are stored under the pseudonyms of the days on which a temporary ID for the
// journey can have been issued; no name and no document is in them.
//
// It does no I/O and has no clock.
package booking

import (
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Booking is one ticket under one pseudonym.
type Booking struct {
	Ticket    uint64 // keyed hash of the ticket's reference: names the booking in a cancellation
	Subject   tokens.Subject
	Cancelled bool // the ticket was changed, refunded or cancelled: only Ticket, Subject, From and To count
	Train     string
	From, To  revocation.Station
	Departs   int64 // Unix seconds
	Arrives   int64 // Unix seconds
	Coach     string
	Seat      string
}

// Held says what a gate knows about the ticket of a code's holder.
type Held uint8

// The answers, and their names in the verdict.
const (
	Unknown Held = iota // the gateway has no booking data
	None                // no ticket for this place
	Early               // the earliest ticket opens later
	Late                // the train has left
	Valid               // held
)

var heldNames = [...]string{"unknown", "none", "early", "late", "held"}

func (h Held) String() string { return heldNames[h] }
