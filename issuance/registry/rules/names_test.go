package rules

import (
	"fmt"
	"testing"
)

// The names stand in requests and the trail: they stay, and nothing else is read.
func TestNamesAreReadAsTheyAreWritten(t *testing.T) {
	kinds := map[string]func(name string) (fmt.Stringer, error){
		"actor":   func(name string) (fmt.Stringer, error) { return ParseActor(name) },
		"service": func(name string) (fmt.Stringer, error) { return ParseService(name) },
		"proof":   func(name string) (fmt.Stringer, error) { return ParseProofKind(name) },
	}
	for kind, names := range map[string][]string{
		"actor":   {"window", "agency", "authority", "holder", "machine", "online"},
		"service": {"exchange", "change", "refund"},
		"proof":   {"phone_end", "email_start", "holder_number"},
	} {
		for i, name := range names {
			v, err := kinds[kind](name)
			if err != nil || v.String() != name || fmt.Sprintf("%d", v) != fmt.Sprint(i+1) {
				t.Errorf("%s %q is %v: %v", kind, name, v, err)
			}
		}
		for _, name := range []string{"", "unknown", "Window", "refund ", "phone"} {
			if v, err := kinds[kind](name); err == nil {
				t.Errorf("%s %q is read as %v", kind, name, v)
			}
		}
	}
	for _, v := range []fmt.Stringer{Actor(0), Actor(7), Service(0), Service(4), ProofKind(0), ProofKind(4)} {
		if v.String() != "unknown" {
			t.Errorf("%T %d is %q", v, v, v)
		}
	}
}
