package facecheck

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

// DefaultTimeout is how long one check may take: a face check that the provider
// has not answered by then will not be waited for by the passenger either.
const DefaultTimeout = 10 * time.Second

// MaxTimeout keeps a configured bound below what the HTTP server grants a request.
const MaxTimeout = 15 * time.Second

// MaxEvidence bounds what is handed to a provider, bytes.
const MaxEvidence = 4096

// ErrEvidence says that the provider cannot read the evidence at all; the
// caller, not the person, is at fault.
var ErrEvidence = errors.New("realperson: evidence is not in the provider's form")

// Person is whom the evidence must show.
type Person struct {
	Name     string
	Document identity.DocumentType
	Number   string
}

// Checker is a provider of real-person checks.
//
// Check returns a Result only when the provider decided; Passed is true only if
// it is certain that evidence shows the person, live. It returns before ctx
// ends, with ctx's error when it could not decide in time, ErrEvidence for
// evidence it cannot read, and another error when it is out of order. A person
// or evidence must never appear in an error, a log or anywhere else that
// outlives the call. Calls come from many goroutines at once.
//
// Label names the provider in logs and answers; a provider that does not look
// at faces says so in it.
type Checker interface {
	Check(ctx context.Context, person Person, evidence string) (Result, error)
	Label() string
}

// Result is a provider's decision.
type Result struct {
	Passed bool
	Label  string // of the provider that decided
}
