package tokens_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/tokens"
)

func TestScopeNamesMatchTheirBits(t *testing.T) {
	names := tokens.ScopeNames()
	if !slices.Equal(names, []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"}) {
		t.Fatalf("scopes %v differ from rule A2", names)
	}
	var all tokens.Scopes
	for bit, name := range names {
		s, ok := tokens.ParseScope([]byte(name))
		if !ok || s != 1<<bit || s.String() != name {
			t.Errorf("%s is %#x", name, uint8(s))
		}
		if all.Has(s) {
			t.Errorf("%s shares its bit with another scope", name)
		}
		all |= tokens.Scopes(s)
	}
	if all != tokens.AllScopes {
		t.Errorf("the union of all scopes is %#x, want AllScopes", uint8(all))
	}
	names[0] = "mine"
	if tokens.ScopeNames()[0] != "sale" {
		t.Error("a caller can change the list of names")
	}
}

func TestParseScopesInvertsNames(t *testing.T) {
	for set := tokens.Scopes(1); set <= tokens.AllScopes; set++ {
		names := set.Names()
		if got, err := tokens.ParseScopes(names); err != nil || got != set {
			t.Errorf("%#x has names %v, which parse to %#x, %v", uint8(set), names, uint8(got), err)
		}
		for _, name := range tokens.ScopeNames() {
			s, _ := tokens.ParseScope([]byte(name))
			if set.Has(s) != slices.Contains(names, name) {
				t.Errorf("%#x: Has and Names disagree about %s", uint8(set), name)
			}
		}
	}
}

func TestUnknownScopesAreRefused(t *testing.T) {
	for _, name := range []string{"", "Entry", "entry ", "gate", "unknown"} {
		if s, ok := tokens.ParseScope([]byte(name)); ok || s != 0 {
			t.Errorf("%q was parsed as %#x", name, uint8(s))
		}
	}
	for _, names := range [][]string{nil, {}, {"gate"}, {"entry", "entry"}, {"entry", ""}} {
		if set, err := tokens.ParseScopes(names); err == nil || set != 0 {
			t.Errorf("%q was parsed as %#x", names, uint8(set))
		}
	}
	for _, s := range []tokens.Scope{0, 3, 0x80} {
		if s.String() != "unknown" {
			t.Errorf("%#x is printed as %s, want unknown", uint8(s), s)
		}
	}
	if tokens.AllScopes.Has(0) || tokens.AllScopes.Has(0x80) {
		t.Error("a set contains a scope that does not exist")
	}
}
