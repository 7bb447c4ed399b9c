package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestEveryAnswerOfTheDemoIsAsExpected(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), nil, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, must := range []string{"GREEN   the entry gate accepts", "code_stale", "bad_signature", "link_mismatch", "wrong_scope", "unknown_key",
		"revoked", "session_closed", "session_over", "credential_expired", "already_used, fraud", "ok, forgiven", "ok, held", "released",
		"ok, G101 05 12F", "no_ticket", "too_early", "train_departed", "ok, G9 08 3C", "its data is 18", "used, first", "handheld 1, turnstile 2",
		"ok, allow entry", "receipt_signature", " 0 with an unexpected answer"} {
		if !strings.Contains(out.String(), must) {
			t.Errorf("the output does not contain %q", must)
		}
	}
}

// The demo is a check: it must be able to fail.
func TestUnexpectedAnswerIsReportedAndCounted(t *testing.T) {
	var out bytes.Buffer
	s := report{out: &out}
	s.step("GREEN", "a stale code", "ok", "code_stale", time.Millisecond, nil)
	s.step("RED", "no answer", "", "ok", 0, errors.New("connection refused"))
	if s.wrong != 2 || s.steps != 2 || !strings.Contains(out.String(), "WRONG: expected code_stale") {
		t.Fatalf("%d of %d wrong: %s", s.wrong, s.steps, out.String())
	}
}

// -serve writes a target file that the load test accepts, shows a code, and removes the file when
// it ends.
func TestServeWritesTheTargetOfTheLoadTest(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &runtest.Buffer{}
	ended := make(chan error, 1)
	go func() { ended <- stayUp(ctx, anywhere, out, zap.NewNop()) }()
	runtest.Eventually(t, 10*time.Second, "a code to be shown", func() bool { return strings.Contains(out.String(), "RG1:") })
	target, err := loadtest.ReadTarget(loadtest.DefaultTargetFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Validate(true); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(loadtest.DefaultTargetFile()); !os.IsNotExist(err) {
		t.Errorf("the target file is still there: %v", err)
	}
}
