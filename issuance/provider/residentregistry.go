package provider

import (
	"context"
	"errors"
)

// ResidentRegistryService is the registry's name in metrics, logs and errors.
const ResidentRegistryService = "residents"

// lookupsPath is where the registry takes lookups, below its URL.
const lookupsPath = "v1/lookups"

// Match is the registry's answer. Only Matched is good; the zero value is none.
type Match uint8

const (
	Unknown    Match = iota // no answer
	Matched                 // the card exists, for this name, and is in force
	NotMatched              // no card with this number and this name
	Lost                    // the card was reported lost
	Cancelled               // the card was cancelled
)

// matches are the spellings on the wire and in logs.
var matches = [...]string{Unknown: "unknown", Matched: "matched", NotMatched: "not_matched", Lost: "lost", Cancelled: "cancelled"}

// String is the name of an answer.
func (m Match) String() string {
	if int(m) < len(matches) {
		return matches[m]
	}
	return matches[Unknown]
}

// ParseMatch reads the name of an answer; Unknown is none.
func ParseMatch(name string) (m Match, ok bool) {
	for m := Matched; int(m) < len(matches); m++ {
		if matches[m] == name {
			return m, true
		}
	}
	return Unknown, false
}

// ResidentRegistry is the registry of resident IDs. It knows whether a card with this
// number exists for this name, and is not reported lost or cancelled. That a
// card matches says nothing of who holds the phone: that is package facecheck's
// question (rule A6).
//
// Lookup returns a Match other than Unknown only when the registry answered. It
// returns before ctx ends, with ctx's error when there was no answer in time,
// and another error when the registry is out of order; it changes nothing, so it
// may be asked again. A person must never appear in an error, a log or anywhere
// else that outlives the call. Calls come from many goroutines at once.
//
// Label names the registry in logs and answers; one that knows no cards says so
// in it.
type ResidentRegistry interface {
	Lookup(ctx context.Context, p Person) (Match, error)
	Label() string
}

// residentRegistry asks a registry elsewhere.
type residentRegistry struct{ *service }

// NewResidentRegistry is an outside registry; it reports all faults of the
// configuration. It promises that a card matches only if a holder of the shared
// secret said so, for that very lookup. It keeps no answers: a card reported
// lost a minute ago must not match.
//
// docs/openapi/residents.yaml has the protocol as the registry sees it. The
// issuer sends
//
//	POST /v1/lookups
//	{"name":"…","document_type":"resident_id","document_number":"…"}
//
// and the registry answers
//
//	200 {"match":"matched"}   or "not_matched", "lost", "cancelled"
//
// Anything else is a fault of the registry.
func NewResidentRegistry(c ServiceConfig) (ResidentRegistry, error) {
	s, err := newService(ResidentRegistryService, c)
	if err != nil {
		return nil, err
	}
	return residentRegistry{s}, nil
}

var errPerson = errors.New("resident registry: not a person who can be looked up")

// lookup is a person as the registry is asked about him.
type lookup struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
}

type lookupAnswer struct {
	Match string `json:"match"`
}

func (r residentRegistry) Lookup(ctx context.Context, p Person) (Match, error) {
	if !p.Checkable() {
		return Unknown, errPerson
	}
	match := Unknown
	_, err := ask(ctx, r.service, lookupsPath, lookup{p.Name, p.Document.String(), p.Number}, func(a lookupAnswer) (ok bool) {
		match, ok = ParseMatch(a.Match)
		return ok
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Unknown, err
	}
	return match, nil
}

// Names for which the sandbox does not say Matched, whatever the number. They
// are no names of people.
const (
	SandboxNotMatched = "测试不符"  // NotMatched
	SandboxLost       = "测试挂失"  // Lost
	SandboxCancelled  = "测试注销"  // Cancelled
	SandboxSilent     = "测试无应答" // never answers: waits until ctx ends
	SandboxFault      = "测试故障"  // ErrSandbox
)

// ErrSandbox is a sandbox out of order.
var ErrSandbox = errors.New("provider: the sandbox is out of order, as its caller wished")

// SandboxResidentRegistry is a registry that knows no cards: everybody matches but
// those whose name is one of the constants above. It is for demos and tests and
// must never serve real passengers.
type SandboxResidentRegistry struct{}

// Label says that this is no registry.
func (SandboxResidentRegistry) Label() string { return "sandbox: NOT THE RESIDENT REGISTRY" }

// Lookup does what the name says.
func (SandboxResidentRegistry) Lookup(ctx context.Context, p Person) (Match, error) {
	m := Matched
	switch p.Name {
	case SandboxNotMatched:
		m = NotMatched
	case SandboxLost:
		m = Lost
	case SandboxCancelled:
		m = Cancelled
	case SandboxSilent:
		<-ctx.Done()
	case SandboxFault:
		return Unknown, ErrSandbox
	}
	if ctx.Err() != nil {
		return Unknown, ctx.Err()
	}
	return m, nil
}
