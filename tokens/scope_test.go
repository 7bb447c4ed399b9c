package tokens_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/tokens"
)

func TestScopeNamesAreBits(t *testing.T) {
	names := tokens.ScopeNames()
	if !slices.Equal(names, []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"}) {
		t.Fatalf("the uses of rule A2 are %v", names)
	}
	var all tokens.Scopes
	for bit, name := range names {
		s, ok := tokens.ParseScope([]byte(name))
		if !ok || s != 1<<bit || s.String() != name {
			t.Errorf("%s is %#x", name, uint8(s))
		}
		if all.Has(s) {
			t.Errorf("%s shares its bit", name)
		}
		all |= tokens.Scopes(s)
	}
	if all != tokens.AllScopes {
		t.Errorf("all uses together are %#x", uint8(all))
	}
	names[0] = "mine"
	if tokens.ScopeNames()[0] != "sale" {
		t.Error("a caller can rename a scope")
	}
}

func TestEverySetReadsBackFromItsNames(t *testing.T) {
	for set := tokens.Scopes(1); set <= tokens.AllScopes; set++ {
		names := set.Names()
		if got, err := tokens.ParseScopes(names); err != nil || got != set {
			t.Errorf("%#x has names %v, which are %#x, %v", uint8(set), names, uint8(got), err)
		}
		for _, name := range tokens.ScopeNames() {
			s, _ := tokens.ParseScope([]byte(name))
			if set.Has(s) != slices.Contains(names, name) {
				t.Errorf("%#x and %s disagree", uint8(set), name)
			}
		}
	}
}

func TestUnknownScopesAreRefused(t *testing.T) {
	for _, name := range []string{"", "Entry", "entry ", "gate", "unknown"} {
		if s, ok := tokens.ParseScope([]byte(name)); ok || s != 0 {
			t.Errorf("%q is %#x", name, uint8(s))
		}
	}
	for _, names := range [][]string{nil, {}, {"gate"}, {"entry", "entry"}, {"entry", ""}} {
		if set, err := tokens.ParseScopes(names); err == nil || set != 0 {
			t.Errorf("%q are %#x", names, uint8(set))
		}
	}
	for _, s := range []tokens.Scope{0, 3, 0x80} {
		if s.String() != "unknown" {
			t.Errorf("%#x calls itself %s", uint8(s), s)
		}
	}
	if tokens.AllScopes.Has(0) || tokens.AllScopes.Has(0x80) {
		t.Error("a use that does not exist is in a set")
	}
}
