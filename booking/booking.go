// Package booking knows which tickets are booked: a gate can ask whether the person of a code has a ticket for
// this station, now. Bookings are stored under the pseudonyms of the days on which a temporary ID for the
// journey can have been issued; no name and no document is in them.
//
// It promises that a [Table] never answers [None], [Early] or [Late] for a day of which it lost a record, and that
// its contents depend only on the set of records it received, not on their order or number. It does not promise that
// every record has arrived: callers ask the replica of the stream how fresh it is, before they call [Table.Look].
// It does no I/O and has no clock.
package booking

import (
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Booking is one ticket under one pseudonym.
type Booking struct {
	Ticket    uint64 // keyed hash of the ticket's reference: names the booking in a change or cancellation
	Day       uint16 // railway day of the pseudonym: of the approval of the credentials that have it
	Subject   tokens.Subject
	Cancelled bool // the ticket was changed, refunded or cancelled: the fields after To are not used
	From, To  revocation.Station
	Train     string // such as "G101"; Train, Coach and Seat have 1 to MaxLabel characters
	Departs   int64  // from From, Unix seconds
	Arrives   int64  // at To, Unix seconds
	Coach     string // such as "05"
	Seat      string // as printed on the ticket, such as "12F" or "无座"
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
