package staff

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what a credential's holder is. A credential may have several.
type Role string

// The roles of credentials.
const (
	Window    Role = "window"    // station window
	Agency    Role = "agency"    // ticket agency
	Police    Role = "police"    // station police desk
	Operator  Role = "operator"  // runs the issuer
	Ticketing Role = "ticketing" // a ticketing system that asks for decisions
	Authority Role = "authority" // brings the national authority's results
	Machine   Role = "machine"   // ticket machine in a station
)

// Program is what the issuer itself does on a timer, in the audit trail. No
// credential has this role.
const Program Role = "program"

// Roles lists what a credential may be given.
func Roles() []Role { return []Role{Window, Agency, Police, Operator, Ticketing, Authority, Machine} }

// ParseRole reads the name of a credential's role.
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fmt.Errorf("a role is %s", rolesInWords())
}

func rolesInWords() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
