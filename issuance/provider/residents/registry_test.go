package residents

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/railgate/railgate/issuance/identity"
)

func person(name string) Person {
	return Person{Name: name, Document: identity.ResidentID, Number: "11010519491231002X"}
}

func TestTheSandboxHasEachAnswer(t *testing.T) {
	for name, want := range map[string]Match{
		"测试甲": Matched, "Test A": Matched, "测试": Matched, SandboxNotMatched + "甲": Matched,
		SandboxNotMatched: NotMatched, SandboxLost: Lost, SandboxCancelled: Cancelled,
	} {
		if m, err := (Sandbox{}).Lookup(t.Context(), person(name)); m != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, m, err, want)
		}
	}
	if m, err := (Sandbox{}).Lookup(t.Context(), person(SandboxFault)); m != Unknown || !errors.Is(err, ErrSandboxFault) {
		t.Errorf("out of order: %v, %v", m, err)
	}
	if label := (Sandbox{}).Label(); !strings.Contains(label, "NOT THE RESIDENT REGISTRY") {
		t.Errorf("it calls itself %q", label)
	}
}

// A form takes the sandbox's names, or the demo could not show them.
func TestTheSandboxsNamesCanBeEntered(t *testing.T) {
	for _, name := range []string{SandboxNotMatched, SandboxLost, SandboxCancelled, SandboxSilent, SandboxFault} {
		if clean, err := identity.CleanName(name); clean != name || err != nil {
			t.Errorf("%s becomes %s: %v", name, clean, err)
		}
	}
}

func TestTheSilentSandboxWaitsForTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), DefaultTimeout)
		defer cancel()
		start := time.Now()
		m, err := Sandbox{}.Lookup(ctx, person(SandboxSilent))
		if !errors.Is(err, context.DeadlineExceeded) || m != Unknown || time.Since(start) != DefaultTimeout {
			t.Fatalf("%v, %v after %v", m, err, time.Since(start))
		}
		if m, err := (Sandbox{}).Lookup(ctx, person("测试甲")); m != Unknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("after its time it says %v, %v", m, err)
		}
	})
}

func TestAnAnswerHasOneName(t *testing.T) {
	for _, m := range []Match{Matched, NotMatched, Lost, Cancelled} {
		if got, ok := ParseMatch(m.String()); got != m || !ok {
			t.Errorf("%v is read as %v", m, got)
		}
	}
	for _, other := range []string{"", "unknown", "Matched", "matched ", "match"} {
		if m, ok := ParseMatch(other); ok || m != Unknown {
			t.Errorf("%q is read as %v", other, m)
		}
	}
	if (Match(0)) == Matched || Match(200).String() != "unknown" {
		t.Error("a value that nobody gave is good")
	}
}
