package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/stack"
)

var hex64 = strings.Repeat("0123456789abcdef", 4)

// Scripts that print like the two commands.
var (
	issuer = `case $1 in
-init) echo "keys are in $2"; echo; echo "[kafka]"; echo 'authority = "` + hex64 + `"' ;;
-new-staff) echo "credential for $2, shown only now:"; echo "  rgs_` + hex64 + `"; echo; echo "entry:"; echo "[[staff]]"; echo "roles = [$4]" ;;
esac`
	gateway = `echo "credential, shown only now:"; echo "  rgd_` + hex64 + `"; echo; echo "entry:"; echo "[[device]]"; echo "id = $2"`
)

func makeWith(t *testing.T, issuer, gateway string) (stack.Secrets, error) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{"issuer": issuer, "gateway": gateway} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return stack.MakeSecrets(t.Context(), func(name string) string { return filepath.Join(dir, name) }, filepath.Join(dir, "keys"))
}

func TestSecretsAndEntriesAreParsed(t *testing.T) {
	got, err := makeWith(t, issuer, gateway)
	want := stack.Secrets{
		Authority: hex64,
		Staff:     "rgs_" + hex64, StaffEntry: "[[staff]]\nroles = [window,police,ticketing]\n",
		Device: "rgd_" + hex64, DeviceEntry: "[[device]]\nid = entry-gate\n",
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestMissingOutputIsReportedWithoutASecret(t *testing.T) {
	for _, c := range []struct{ name, issuer, gateway, want string }{
		{"no authority", strings.Replace(issuer, "authority", "author", 1), gateway, "issuer -init did not print"},
		{"no staff credential", strings.Replace(issuer, "rgs_", "rgd_", 1), gateway, "issuer -new-staff did not print"},
		{"no staff entry", strings.Replace(issuer, "[[staff]]", "[[device]]", 1), gateway, "issuer -new-staff did not print"},
		{"a short device credential", issuer, strings.Replace(gateway, "rgd_0", "rgd_", 1), "gateway -new-device did not print"},
		{"no device entry", issuer, strings.Replace(gateway, "[[device]]", "", 1), "gateway -new-device did not print"},
		{"a failure", issuer, gateway + "; echo the disk is full >&2; exit 1", "gateway -new-device: exit status 1: the disk is full"},
	} {
		got, err := makeWith(t, c.issuer, c.gateway)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), hex64[1:]) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if got != (stack.Secrets{}) {
			t.Errorf("%s: secrets were returned with an error", c.name)
		}
	}
}

func TestMissingCommandIsNamed(t *testing.T) {
	_, err := stack.MakeSecrets(t.Context(), func(name string) string { return filepath.Join(t.TempDir(), name) }, "keys")
	if err == nil || !strings.HasPrefix(err.Error(), "issuer -init: ") {
		t.Errorf("%v, want an error that names the command", err)
	}
}
