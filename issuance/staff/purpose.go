package staff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/tokens"
)

// Purpose is what a passenger is identified for. Its names are those of the scopes
// that a temporary ID has (rule A2).
type Purpose string

// The purposes.
const (
	Sale         Purpose = "sale"
	Refunding    Purpose = "refund"
	Changing     Purpose = "change"
	Verification Purpose = "verify"
)

// purposes says which roles may identify for what. Our choice: agencies sell tickets
// and exchange them, which is a verification, and neither change nor refund (rule B7);
// the police desk verifies who a person is.
var purposes = []struct {
	purpose Purpose
	scope   tokens.Scope
	roles   []Role
}{
	{Sale, tokens.Sale, []Role{Window, Agency}},
	{Refunding, tokens.Refund, []Role{Window}},
	{Changing, tokens.Change, []Role{Window}},
	{Verification, tokens.Verify, []Role{Window, Agency, Police}},
}

// Purposes lists the closed list.
func Purposes() []Purpose {
	all := make([]Purpose, len(purposes))
	for i, p := range purposes {
		all[i] = p.purpose
	}
	return all
}

// ErrPurpose says that a name is no purpose.
var ErrPurpose = errors.New("a purpose is sale, refund, change or verify")

// ParsePurpose reads a purpose's name.
func ParsePurpose(text string) (Purpose, error) {
	if p := Purpose(text); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", ErrPurpose
}

// Scope is the use that a temporary ID must be good for.
func (p Purpose) Scope() tokens.Scope {
	for _, known := range purposes {
		if known.purpose == p {
			return known.scope
		}
	}
	return 0 // good for no use
}

func (p Purpose) roles() []Role {
	for _, known := range purposes {
		if known.purpose == p {
			return known.roles
		}
	}
	return nil
}

// For refuses with PurposeForbidden what the credential, or each of its roles, may
// not identify a passenger for. Ask As(Identify) before.
func (m Member) For(p Purpose) error {
	if m.credential != nil && (len(m.credential.Purposes) == 0 || slices.Contains(m.credential.Purposes, p)) &&
		slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(m.credential.Roles, r) }) {
		return nil
	}
	return problem.New(PurposeForbidden, "this credential may not identify passengers for this purpose")
}

// purposeFaults says what is wrong with a credential's purposes.
func (c *Credential) purposeFaults() (faults []error) {
	for i, p := range c.Purposes {
		if _, err := ParsePurpose(string(p)); err != nil {
			faults = append(faults, fmt.Errorf("purposes[%d]: %w", i, err))
		} else if slices.Contains(c.Purposes[:i], p) {
			faults = append(faults, fmt.Errorf("purposes[%d]: %s is named twice", i, p))
		} else if !slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(c.Roles, r) }) {
			faults = append(faults, fmt.Errorf("purposes[%d]: none of the credential's roles may identify for %s", i, p))
		}
	}
	return faults
}
