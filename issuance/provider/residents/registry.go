package residents

import (
	"context"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

// DefaultTimeout is how long one lookup may take.
const DefaultTimeout = 5 * time.Second

// Person is what a passenger says of himself, in the form that package identity
// accepts.
type Person struct {
	Name     string
	Document identity.DocumentType
	Number   string
}

// Match is the registry's answer. Only Matched is good; the zero value is none.
type Match uint8

const (
	Unknown    Match = iota // no answer
	Matched                 // the card exists, for this name, and is in force
	NotMatched              // no card with this number and this name
	Lost                    // the card was reported lost
	Cancelled               // the card was cancelled
)

// names are the spellings on the wire and in logs.
var names = [...]string{Unknown: "unknown", Matched: "matched", NotMatched: "not_matched", Lost: "lost", Cancelled: "cancelled"}

// String is the name of an answer.
func (m Match) String() string {
	if int(m) < len(names) {
		return names[m]
	}
	return names[Unknown]
}

// ParseMatch reads the name of an answer; Unknown is none.
func ParseMatch(name string) (m Match, ok bool) {
	for m := Matched; int(m) < len(names); m++ {
		if names[m] == name {
			return m, true
		}
	}
	return Unknown, false
}

// Registry knows the cards.
//
// Lookup returns a Match other than Unknown only when the registry answered. It
// returns before ctx ends, with ctx's error when there was no answer in time,
// and another error when the registry is out of order; it changes nothing, so it
// may be asked again. A person must never appear in an error, a log or anywhere
// else that outlives the call. Calls come from many goroutines at once.
//
// Label names the registry in logs and answers; one that knows no cards says so
// in it.
type Registry interface {
	Lookup(ctx context.Context, p Person) (Match, error)
	Label() string
}
