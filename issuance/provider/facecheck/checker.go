// Package facecheck checks whether the person at the phone is the person of the document (实人核验, rule A6).
//
// [Checker] is the issuer's interface to a provider. [Sandbox] decides by the caller's evidence, for demos
// and tests. [HTTPChecker] calls an outside provider through package provider, whose comment specifies the
// signatures.
//
// HTTPChecker promises:
//   - A check passes only if a holder of the shared secret confirmed this check while it was in progress.
//   - Every wait and all memory are bounded.
//   - No personal data outlives the call.
//
// It does not promise that a decision reaches a check in progress after a process restart, or at another
// issuer: ids are stored in the memory of one process. Issuers that run in parallel need separate callback
// URLs.
//
// # Protocol
//
// docs/openapi/face-check.yaml specifies the protocol for the provider. The issuer sends
//
//	POST /v1/checks
//	{"name":"…","document_type":"resident_id","document_number":"…",
//	 "evidence":"…","callback_url":"https://…"}
//
// with the id of the check in the signature. A repeated id is the same check and gets the same answer. The
// answers are
//
//	200 {"decision":"passed"}   the evidence shows the person, live
//	200 {"decision":"failed"}   it does not
//	202 {"decision":"later"}    a callback will follow
//	422 {"error":"evidence_unreadable"}
//
// Anything else is a fault of the provider. After "later", as soon as the check is decided and within the
// time that a passenger waits, the provider sends
//
//	POST to the callback URL
//	{"request":"ID of the check","decision":"passed"}
//
// signed as a separate request, with its own id and the path of the callback URL. It may arrive before the
// answer. The issuer answers 200 {} if the check is in progress, has this decision, has ended or is unknown.
// It answers 409 {} if the check has the other decision: the first decision counts. Both answers are
// signed. A callback without a valid signature gets 401 without a body. A provider that gets no answer
// repeats the callback for at most a minute.
package facecheck

import (
	"context"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

// DefaultTimeout is the default timeout of a check. Passengers do not wait longer.
const DefaultTimeout = 10 * time.Second

// MaxTimeout is the maximum timeout of a check. It is below the request timeout of the HTTP server.
const MaxTimeout = 15 * time.Second

// MaxEvidence is the maximum size of evidence, bytes.
const MaxEvidence = 4096

// ErrEvidence means that the provider cannot decode the evidence. It is a fault of the calling software, not
// of the person.
var ErrEvidence = errors.New("face check: the evidence is not in the provider's format")

// Checker is a provider of face checks.
//
// Check returns a Result only if the provider decided; Passed is true only if the evidence certainly shows
// the person, live. It returns at the latest when ctx ends, then with the error of ctx. It returns ErrEvidence
// for evidence that cannot be decoded, and another error if the provider fails. A person or evidence must never
// appear in an error, a log or anywhere else that outlives the call. Check must be safe for concurrent use.
//
// Label names the provider in logs and answers. The label of a provider without face checks says that it
// makes none.
type Checker interface {
	Check(ctx context.Context, person provider.Person, evidence string) (Result, error)
	Label() string
}

// Result is a provider's decision.
type Result struct {
	Passed bool
	Label  string // of the deciding provider
}

// SandboxLabel is the label of the sandbox in logs and answers.
const SandboxLabel = "sandbox: NOT A REAL FACE CHECK"

// The evidence that the sandbox accepts.
const (
	SandboxPass    = "sandbox:pass"    // passes at once
	SandboxFail    = "sandbox:fail"    // fails at once
	SandboxTimeout = "sandbox:timeout" // never decides: waits until ctx ends
)

// Sandbox is a provider that decides as the caller requests. It must never serve real passengers.
type Sandbox struct{}

var _ Checker = Sandbox{}

// Label says that this is not a face check.
func (Sandbox) Label() string { return SandboxLabel }

// Check decides as the evidence requests.
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
