package tokens

import "fmt"

// Scope is one use of the credential (rule A2), as a bit.
type Scope uint8

// Scopes is a set of scopes, in the wire form of the scopes byte.
type Scopes uint8

// The scopes of rule A2. The top bit of the wire byte is reserved and must be 0.
const (
	Sale    Scope = 1 << iota // ticket sale
	Refund                    // ticket refund
	Change                    // ticket change
	Verify                    // real-name verification
	Entry                     // station entry gate
	Exit                      // station exit gate
	Onboard                   // on-board inspection

	AllScopes = Scopes(Sale | Refund | Change | Verify | Entry | Exit | Onboard)
)

var scopeNames = [...]string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"}

// ScopeNames returns the names of all scopes, in bit order.
func ScopeNames() []string { return append([]string(nil), scopeNames[:]...) }

// Has reports whether s is in the set.
func (set Scopes) Has(s Scope) bool { return byte(set)&byte(s) != 0 }

func (set Scopes) valid() bool { return set != 0 && set&^AllScopes == 0 }

// Names returns the names of the set's scopes, in bit order.
func (set Scopes) Names() []string {
	names := make([]string, 0, len(scopeNames))
	for i, n := range scopeNames {
		if set&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// ParseScope parses the name of one scope without allocating.
func ParseScope(name []byte) (Scope, bool) {
	for i, n := range scopeNames {
		if string(name) == n {
			return 1 << i, true
		}
	}
	return 0, false
}

// ParseScopes parses a list of scope names. It refuses an empty list and unknown or
// repeated names.
func ParseScopes(names []string) (Scopes, error) {
	var set Scopes
	for _, n := range names {
		s, ok := ParseScope([]byte(n))
		if !ok {
			return 0, fmt.Errorf("unknown scope %q (known: %v)", n, scopeNames)
		}
		if set.Has(s) {
			return 0, fmt.Errorf("scope %q is listed twice", n)
		}
		set |= Scopes(s)
	}
	if set == 0 {
		return 0, fmt.Errorf("the list of scopes is empty (known: %v)", scopeNames)
	}
	return set, nil
}

func (s Scope) String() string {
	for i, n := range scopeNames {
		if s == 1<<i {
			return n
		}
	}
	return "unknown"
}
