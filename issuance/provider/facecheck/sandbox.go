package facecheck

import "context"

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
func (Sandbox) Check(ctx context.Context, _ Person, evidence string) (Result, error) {
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
