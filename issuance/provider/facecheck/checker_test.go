package facecheck

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

func TestSandboxDecidesAsRequested(t *testing.T) {
	for evidence, want := range map[string]bool{SandboxPass: true, SandboxFail: false} {
		r, err := Sandbox{}.Check(t.Context(), provider.Person{}, evidence)
		if err != nil || r.Passed != want || !strings.Contains(r.Label, "NOT A REAL FACE CHECK") {
			t.Errorf("%s: %+v, %v", evidence, r, err)
		}
	}
	for _, evidence := range []string{"", "sandbox:", "sandbox:pass ", "SANDBOX:PASS"} {
		if r, err := (Sandbox{}).Check(t.Context(), provider.Person{}, evidence); !errors.Is(err, ErrEvidence) || r.Passed {
			t.Errorf("%q: %+v, %v", evidence, r, err)
		}
	}
}

func TestSandboxTimeoutWaitsForTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), DefaultTimeout)
		defer cancel()
		start := time.Now()
		r, err := Sandbox{}.Check(ctx, provider.Person{}, SandboxTimeout)
		if !errors.Is(err, context.DeadlineExceeded) || r.Passed || time.Since(start) != DefaultTimeout {
			t.Fatalf("%+v, %v after %v", r, err, time.Since(start))
		}
	})
}
