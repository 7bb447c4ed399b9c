// Package facecheck asks whether the person at the phone is the person on the
// document (实人核验, rule A6).
//
// Checker is what the issuer needs of a provider. Sandbox decides by what the
// caller writes and exists for demos and tests. HTTPChecker asks an outside
// provider, over package provider, whose comment has the signatures.
//
// HTTPChecker promises that a check passes only if a holder of the shared secret
// said so, for that very check, while it was waited for; that every wait and every
// memory is bounded; and that nothing of a person outlives the call. It does not
// promise that a decision reaches a waiting check after the issuer has started
// anew, or at another issuer: ids live in the memory of one process. Issuers that
// stand side by side need a callback URL each.
//
// # Protocol
//
// docs/openapi/face-check.yaml has it as the provider sees it. The issuer sends
//
//	POST /v1/checks
//	{"name":"…","document_type":"resident_id","document_number":"…",
//	 "evidence":"…","callback_url":"https://…"}
//
// with the id of the check in the signature. The same id again is the same
// check: it gets the answer that it got, or would have got. The answers are
//
//	200 {"decision":"passed"}   the evidence shows the person, live
//	200 {"decision":"failed"}   it does not
//	202 {"decision":"later"}    the callback will tell
//	422 {"error":"evidence_unreadable"}
//
// Anything else is a fault of the provider. After "later", as soon as it is
// decided and within the seconds that a passenger waits, the provider sends
//
//	POST to the callback URL
//	{"request":"ID of the check","decision":"passed"}
//
// signed as a request of its own, with an id of its own and the path of the
// callback URL. It may arrive before the answer. The issuer answers 200 {},
// whether the check waits, has the decision already, is over or was never made,
// and 409 {} if it was told otherwise before: the first decision stands. Both are
// signed. What is not signed as it must be gets 401 and no more. A provider that
// gets no answer sends the callback again, for at most a minute.
package facecheck

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/provider"
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

// Checker is a provider of face checks.
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
	Check(ctx context.Context, person provider.Person, evidence string) (Result, error)
	Label() string
}

// Result is a provider's decision.
type Result struct {
	Passed bool
	Label  string // of the provider that decided
}

// SandboxLabel is what every trace of the sandbox says.
const SandboxLabel = "sandbox: NOT A REAL FACE CHECK"

// What the sandbox understands.
const (
	SandboxPass    = "sandbox:pass"    // passes at once
	SandboxFail    = "sandbox:fail"    // fails at once
	SandboxTimeout = "sandbox:timeout" // never decides: waits until ctx ends
)

// Sandbox is a provider that believes the caller. It must never serve real
// passengers.
type Sandbox struct{}

var _ Checker = Sandbox{}

// Label says that this is no face check.
func (Sandbox) Label() string { return SandboxLabel }

// Check does what the evidence says and looks at nobody.
func (Sandbox) Check(ctx context.Context, _ provider.Person, evidence string) (Result, error) {
	switch evidence {
	case SandboxPass:
		return Result{Passed: true, Label: SandboxLabel}, ctx.Err()
	case SandboxFail:
		return Result{Label: SandboxLabel}, ctx.Err()
	case SandboxTimeout:
		<-ctx.Done()
		return Result{}, ctx.Err()
	}
	return Result{}, ErrEvidence
}
