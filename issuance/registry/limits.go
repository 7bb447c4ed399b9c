package registry

import (
	"fmt"
	"time"
)

// Limits are the numbers of the rules. The zero value allows nothing.
type Limits struct {
	// Passengers bounds those on a list who are verified, to be submitted or
	// pre-verified (rule B3: 100, adjusted for the Spring Festival and the summer)
	// or, ours, pending.
	// Lowering it removes nobody: a longer list takes no more.
	Passengers int
	// ToBeSubmitted bounds those on a list who are to be submitted (rule B2: 5).
	ToBeSubmitted int
	// Failed is how many failed passengers close a list to new ones. Ours: the rules
	// do not count them, they can be deleted at any time, and no list may grow
	// without end. A list has at most Passengers + Failed lines.
	Failed int
	// Keep is how long a counted passenger cannot be deleted (rule B4: 180 days).
	// Ours: days of 24 hours from when the passenger came onto the list.
	Keep time.Duration
	// TicketsInAll bounds the tickets of a to-be-submitted account, TicketsEach those
	// of any account for each to-be-submitted passenger (rule B5: 20 and 4). A changed
	// ticket and the one issued for it are two.
	TicketsInAll, TicketsEach int
}

// DefaultLimits are the rules' own numbers.
func DefaultLimits() Limits {
	return Limits{
		Passengers: 100, ToBeSubmitted: 5, Failed: 100, Keep: 180 * 24 * time.Hour,
		TicketsInAll: 20, TicketsEach: 4,
	}
}

// What Validate takes at most. Ours: wide enough for any season, and a slip of
// the keyboard still shows.
const (
	mostListed = 1000
	mostKept   = 10 * 366 * 24 * time.Hour
)

// Validate says which limit is out of its range.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"passengers", l.Passengers}, {"to_be_submitted", l.ToBeSubmitted}, {"failed", l.Failed},
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
	if l.TicketsEach > l.TicketsInAll {
		return fmt.Errorf("registry: limit tickets_each (%d) must not exceed tickets_in_all (%d)", l.TicketsEach, l.TicketsInAll)
	}
	return nil
}
