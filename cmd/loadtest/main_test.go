package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/loadtest/fake"
)

// startFake starts a fake gateway and issuer and writes their target file.
func startFake(t *testing.T, b fake.Behavior) (*fake.Servers, string) {
	t.Helper()
	w := fake.Start(b)
	t.Cleanup(w.Close)
	text, err := json.Marshal(w.Target())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "target.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return w, path
}

// TestMain removes the limits: other tests make this load generator late.
func TestMain(m *testing.M) {
	withLimits(fake.NoLimits)
	os.Exit(m.Run())
}

func withLimits(l loadtest.Limits) {
	defaultConfig = func() loadtest.Config {
		c := loadtest.DefaultConfig()
		c.Limits = l
		return c
	}
}

// runCommand runs the whole program and returns its exit code and both outputs.
func runCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = exitCode(run(t.Context(), args, &out, &errs), &errs)
	return code, out.String(), errs.String()
}

var quick = []string{"-rate", "300", "-warmup", "100ms", "-duration", "1100ms", "-revoked", "5", "-connections", "8"}

func TestCleanRunExitsWithZeroAndWritesItsFiles(t *testing.T) {
	_, target := startFake(t, fake.Behavior{})
	dir := t.TempDir()
	result, picture := filepath.Join(dir, "r.json"), filepath.Join(dir, "p.svg")
	code, stdout, stderr := runCommand(t, append(quick, "-target", target, "-json", result, "-svg", picture)...)
	if code != 0 || !strings.Contains(stdout, "0 wrong verdicts, 0 errors") {
		t.Fatalf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "wrong 0  errors 0") {
		t.Errorf("no progress line:\n%s", stderr)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	var r loadtest.Result
	if err := json.Unmarshal(text, &r); err != nil || !r.Clean() || !strings.Contains(r.Command, "-rate=300") {
		t.Errorf("%v, command %q", err, r.Command)
	}
	if text, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(text), "<svg ") {
		t.Errorf("no plot: %v", err)
	}
}

func TestWrongVerdictsExitWithOneAndAreListed(t *testing.T) {
	_, target := startFake(t, fake.Behavior{LieEvery: 100})
	code, stdout, _ := runCommand(t, append(quick, "-target", target)...)
	if code != 1 || !strings.Contains(stdout, "WRONG VERDICTS") || !strings.Contains(stdout, "expected ") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
}

// Zero limits, which any run exceeds, simulate a machine that is too slow.
func TestInvalidRunHasItsOwnExitCode(t *testing.T) {
	withLimits(loadtest.Limits{})
	defer withLimits(fake.NoLimits)
	_, target := startFake(t, fake.Behavior{})
	code, stdout, stderr := runCommand(t, append(quick, "-target", target)...)
	if code != 3 || !strings.Contains(stdout, "INVALID: ") || strings.Contains(stdout, "p50") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	_, overloaded := startFake(t, fake.Behavior{Overloaded: true})
	if code, stdout, _ := runCommand(t, append(quick, "-target", overloaded, "-mix", "fresh=1")...); code != 1 || !strings.Contains(stdout, "HTTP 503") {
		t.Errorf("with errors: exit code %d\n%s", code, stdout)
	}
	_, lying := startFake(t, fake.Behavior{LieEvery: 100})
	if code, stdout, _ := runCommand(t, append(quick, "-target", lying)...); code != 1 || !strings.Contains(stdout, "INVALID: ") {
		t.Errorf("with wrong verdicts: exit code %d\n%s", code, stdout)
	}
}

func TestNewKeyPrintsItsAnnouncement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "target.json")
	device, staff := "rgd_"+strings.Repeat("0a", 32), "rgs_"+strings.Repeat("0b", 32)
	code, stdout, stderr := runCommand(t, "-new-key", path, "-gateway", "http://127.0.0.1:8080", "-device", device)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, want 0600: %v", info.Mode(), err)
	}
	made, err := loadtest.ReadTarget(path)
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := made.LoadKey.Seed.MarshalText()
	if made.LoadKey.ID < 32768 || made.Gateway != "http://127.0.0.1:8080" || made.Device != device || strings.Contains(stdout, string(seed)) {
		t.Errorf("key %d, gateway %s, or the seed is in the output", made.LoadKey.ID, made.Gateway)
	}
	if !strings.Contains(stdout, made.LoadKey.Announcement()) || !strings.Contains(stdout, "[[announce]]\nid = ") {
		t.Errorf("the output lacks the entry:\n%s", stdout)
	}
	// Missing fields are reported before any request.
	if code, _, stderr := runCommand(t, "-target", path); code != 2 || !strings.Contains(stderr, "field issuer") || !strings.Contains(stderr, "field staff") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := runCommand(t, "-new-key", path, "-staff", staff); code != 1 || !strings.Contains(stderr, "file exists") {
		t.Errorf("an existing key file was replaced: exit code %d, %s", code, stderr)
	}
	if again, err := loadtest.ReadTarget(path); err != nil || again.LoadKey != made.LoadKey {
		t.Error("the file was changed")
	}
}

func TestFlagsOverrideTheFile(t *testing.T) {
	w, target := startFake(t, fake.Behavior{})
	other, _ := startFake(t, fake.Behavior{})
	code, stdout, stderr := runCommand(t, append(quick, "-target", target, "-gateway", other.Target().Gateway, "-issuer", other.Target().Issuer)...)
	if code != 0 || w.Checks() != 0 || other.Checks() == 0 {
		t.Errorf("exit code %d, %d and %d checks\n%s%s", code, w.Checks(), other.Checks(), stdout, stderr)
	}
}

func TestFlagsAreSufficientAndSecret(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // without the target of a demo
	target := fake.Start(fake.Behavior{})
	t.Cleanup(target.Close)
	seed, _ := target.Target().LoadKey.Seed.MarshalText()
	result := filepath.Join(t.TempDir(), "r.json")
	code, stdout, stderr := runCommand(t, append(quick, "-gateway", target.Target().Gateway, "-issuer", target.Target().Issuer,
		"-device", target.Target().Device, "-staff="+target.Target().Staff, "-load-key", "40001:"+string(seed), "-json", result)...)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{target.Target().Device, target.Target().Staff, string(seed)} {
		if strings.Contains(string(text)+stdout+stderr, s) {
			t.Error("a report contains a credential or the key")
		}
	}
	if !strings.Contains(string(text), "-device=…") {
		t.Error("the reported command lacks -device")
	}
}

func TestUsageErrorsAreExplained(t *testing.T) {
	_, target := startFake(t, fake.Behavior{})
	open := filepath.Join(t.TempDir(), "open.json")
	if err := os.WriteFile(open, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args      []string
		code      int
		complaint string
	}{
		{[]string{"-fast"}, 2, "-fast"},
		{[]string{"now"}, 2, `"now"`},
		{[]string{"-target", target, "-mix", "old=1"}, 2, `"old"`},
		{[]string{"-target", target, "-rate", "0"}, 2, "rate"},
		{[]string{"-target", target, "-scope", "bar"}, 2, "scope"},
		{[]string{"-target", target, "-gateway", "http://192.0.2.1"}, 2, "-allow-remote"},
		{[]string{"-target", target, "-load-key", "x"}, 2, "ID:SEED"},
		{[]string{"-target", open}, 1, "open to other users"},
		{[]string{"-target", open + ".none"}, 1, "no such file"},
		{[]string{"-target", target, "-json", filepath.Join(open, "r.json")}, 1, "not a directory"},
	} {
		code, stdout, stderr := runCommand(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.complaint) || stdout != "" {
			t.Errorf("%v: exit code %d, stderr %q", c.args, code, stderr)
		}
	}
	t.Setenv("TMPDIR", t.TempDir())
	if code, _, stderr := runCommand(t); code != 1 || !strings.Contains(stderr, "go run ./cmd/demo -serve") {
		t.Errorf("without a demo: exit code %d, stderr %q", code, stderr)
	}
}

func TestHelpShowsExamplesAndEveryFlag(t *testing.T) {
	code, stdout, stderr := runCommand(t, "-h")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	for _, want := range []string{"go run ./cmd/loadtest -rate", "Exit codes", "-allow-remote", "-mix", "-svg", "bad_signature"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help does not mention %q", want)
		}
	}
	if _, err := parse([]string{"-h"}, &strings.Builder{}); err != flag.ErrHelp {
		t.Errorf("got %v", err)
	}
}
