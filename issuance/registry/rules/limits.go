package rules

import (
	"fmt"
	"time"
)

// Limits are the numbers of the rules, and a table of settings. The zero value allows
// nothing.
type Limits struct {
	// Passengers is how many verified, to-be-submitted and pre-verified passengers a
	// list normally holds (rule B3: 100, adjusted for the Spring Festival and the
	// summer). Beyond it a resident ID account may add resident ID passengers, who
	// are verified with both originals (CanExceed). Lowering it removes no passenger.
	Passengers int `toml:"passengers" doc:"verified, to-be-submitted and pre-verified passengers on an account's list (rule B3; other numbers for the Spring Festival and the summer); a resident ID account has more verified with both originals"`
	// ToBeSubmitted bounds those on a list who are to be submitted (rule B2: 5).
	ToBeSubmitted int `toml:"to_be_submitted" doc:"those on a list who are to be submitted (rule B2)"`
	// Uncounted bounds the pending and failed passengers of a list, which Passengers
	// does not count. Our choice: a list must not grow without end. They can be
	// deleted at any time.
	Uncounted int `toml:"uncounted" doc:"pending and failed passengers on a list, which passengers does not count"`
	// Lines bounds a list as a whole. Our choice: the articles name no end of what is
	// verified beyond Passengers.
	Lines int `toml:"lines" doc:"passengers on a list, whatever their status"`
	// Keep is how long a counted passenger cannot be deleted (rule B4: 180 days).
	// Ours: days of 24 hours from when the passenger came onto the list.
	Keep time.Duration `toml:"keep" doc:"how long a counted passenger cannot be deleted (rule B4)"`
	// TicketsInAll bounds the tickets of a to-be-submitted account, TicketsEach those
	// of any account for each to-be-submitted passenger (rule B5: 20 and 4). A changed
	// ticket and the one issued for it are two.
	TicketsInAll int `toml:"tickets_in_all" doc:"tickets of a to-be-submitted account, issued by changes too (rule B5)"`
	TicketsEach  int `toml:"tickets_each" doc:"tickets of any account for each to-be-submitted passenger (rule B5)"`
}

// DefaultLimits are the rules' own numbers.
func DefaultLimits() Limits {
	return Limits{
		Passengers: 100, ToBeSubmitted: 5, Uncounted: 100, Lines: 500, Keep: 180 * 24 * time.Hour,
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
