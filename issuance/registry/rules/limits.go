package rules

import (
	"fmt"
	"time"
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
