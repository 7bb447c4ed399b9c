package residents

import (
	"context"
	"errors"
)

// SandboxLabel is what every trace of the sandbox says.
const SandboxLabel = "sandbox: NOT THE RESIDENT REGISTRY"

// Names for which the sandbox does not say Matched, whatever the number. They
// are no names of people.
const (
	SandboxNotMatched = "测试不符"  // NotMatched
	SandboxLost       = "测试挂失"  // Lost
	SandboxCancelled  = "测试注销"  // Cancelled
	SandboxSilent     = "测试无应答" // never answers: waits until ctx ends
	SandboxFault      = "测试故障"  // ErrSandboxFault
)

// ErrSandboxFault is the sandbox out of order.
var ErrSandboxFault = errors.New("residents: the sandbox is out of order, as its caller wished")

// Sandbox is a registry that knows no cards: everybody matches but those whose
// name is one of the constants above. It must never serve real passengers.
type Sandbox struct{}

var _ Registry = Sandbox{}

// Label says that this is no registry.
func (Sandbox) Label() string { return SandboxLabel }

// Lookup does what the name says.
func (Sandbox) Lookup(ctx context.Context, p Person) (Match, error) {
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
		return Unknown, ErrSandboxFault
	}
	if ctx.Err() != nil {
		return Unknown, ctx.Err()
	}
	return m, nil
}
