package reseal

import "github.com/railgate/railgate/issuance/vault"

// MaxNamed bounds the broken fields that a Report names.
const MaxNamed = 1000

// Broken is a field that does not open.
type Broken struct {
	vault.Place
	Why error // vault.ErrForm, vault.ErrKey or vault.ErrBroke
}

// Report is what a walk has done so far.
type Report struct {
	At     Position // where the next walk may go on
	Looked int      // fields looked at
	Moved  int      // fields sealed anew
	// Missed fields are stale and were not written: somebody changed them, or had
	// their row locked. The next walk finds them.
	Missed   int
	Unopened int      // fields that do not open; they stay as they are
	Broken   []Broken // the first MaxNamed of them
}
