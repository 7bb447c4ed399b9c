package provider

import (
	"context"
	"errors"
)

// ResidentRegistryService is the registry's name in metrics, logs and errors.
const ResidentRegistryService = "residents"

// lookupsPath is the path of lookups, below the registry's URL.
const lookupsPath = "v1/lookups"

// Match is the registry's answer. Only Matched confirms the card; the zero value is no answer.
type Match uint8

// The answers.
const (
	Unknown    Match = iota // no answer
	Matched                 // a valid card with this number and this name exists
	NotMatched              // no card with this number and this name
	Lost                    // the card was reported lost
	Cancelled               // the card was cancelled
)

// matches are the names on the wire and in logs.
var matches = [...]string{Unknown: "unknown", Matched: "matched", NotMatched: "not_matched", Lost: "lost", Cancelled: "cancelled"}

// String returns the name of the answer.
func (m Match) String() string {
	if int(m) < len(matches) {
		return matches[m]
	}
	return matches[Unknown]
}

// ParseMatch parses the name of an answer; "unknown" is refused.
func ParseMatch(name string) (m Match, ok bool) {
	for m := Matched; int(m) < len(matches); m++ {
		if matches[m] == name {
			return m, true
		}
	}
	return Unknown, false
}

// ResidentRegistry is the registry of resident ID cards. It reports whether a card with this number exists
// for this name, and whether it was reported lost or cancelled. A match does not identify the person at the
// phone: package facecheck does (rule A6).
//
// Lookup returns a Match other than Unknown only if the registry answered. It returns at the latest when ctx
// ends, then with the error of ctx, and with another error if the registry fails. Lookups change nothing and
// may be repeated. A person must never appear in an error, a log or anywhere else that outlives
// the call. Lookup must be safe for concurrent use.
//
// Label names the registry in logs and answers. The label of a registry without cards says that it has none.
type ResidentRegistry interface {
	Lookup(ctx context.Context, p Person) (Match, error)
	Label() string
}

// residentRegistry is the client of an outside registry.
type residentRegistry struct{ *service }

// NewResidentRegistry makes the client of an outside registry, or reports every fault of the configuration.
// A card matches only if a holder of the shared secret confirmed this lookup. Answers are not cached: a
// card reported lost a minute ago must not match.
//
// docs/openapi/residents.yaml specifies the protocol for the registry. The issuer sends
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

var errPerson = errors.New("resident registry: only a person with a resident ID card can be looked up")

// lookup is a person in the request to the registry.
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
	_, err := callService(ctx, r.service, lookupsPath, lookup{p.Name, p.Document.String(), p.Number}, func(a lookupAnswer) (ok bool) {
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

// Names for which the sandbox does not answer Matched, with any number. They are not names of people.
const (
	SandboxNotMatched = "测试不符"  // answers NotMatched
	SandboxLost       = "测试挂失"  // answers Lost
	SandboxCancelled  = "测试注销"  // answers Cancelled
	SandboxSilent     = "测试无应答" // never answers: waits until ctx ends
	SandboxFault      = "测试故障"  // returns ErrSandbox
)

// ErrSandbox is the requested fault of a sandbox.
var ErrSandbox = errors.New("provider: the sandbox fails as its caller requested")

// SandboxResidentRegistry is a registry without cards: every person matches, except those with one of the
// names above. It is for demos and tests and must never serve real passengers.
type SandboxResidentRegistry struct{}

// Label says that this is not the registry.
func (SandboxResidentRegistry) Label() string { return "sandbox: NOT THE RESIDENT REGISTRY" }

// Lookup answers as the name requests.
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
