package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// setupWithin bounds a command that makes keys or a credential, prints and exits.
const setupWithin = 30 * time.Second

// Secrets are what -init, -new-staff and -new-device showed.
type Secrets struct {
	Authority string // public key of the stream, 64 hex digits

	Staff, StaffEntry   string // a credential for window, police and ticketing, and its [[staff]] table
	Device, DeviceEntry string // a credential for entry and exit, and its [[device]] table
}

// What the commands print: a line; or a credential that is shown once, and after
// it the table for the settings file, to the end.
var (
	authority = regexp.MustCompile(`(?m)^authority = "([0-9a-f]{64})"$`)
	staff     = regexp.MustCompile(`(?ms)^ +(rgs_[0-9a-f]{64})$.*^(\[\[staff\]\]$.*)`)
	device    = regexp.MustCompile(`(?ms)^ +(rgd_[0-9a-f]{64})$.*^(\[\[device\]\]$.*)`)
)

// MakeSecrets makes the keys in the new folder keys and both credentials, as an operator
// does. binary is where the built "issuer" and "gateway" are. An error names the command that failed, or
// that did not print what it should; it has no secret in it.
func MakeSecrets(ctx context.Context, binary func(name string) string, keys string) (Secrets, error) {
	a, err := askCommand(ctx, authority, binary("issuer"), "-init", keys)
	if err != nil {
		return Secrets{}, err
	}
	s, err := askCommand(ctx, staff, binary("issuer"), "-new-staff", "desk", "-roles", "window,police,ticketing")
	if err != nil {
		return Secrets{}, err
	}
	d, err := askCommand(ctx, device, binary("gateway"), "-new-device", "entry-gate")
	if err != nil {
		return Secrets{}, err
	}
	return Secrets{Authority: a[1], Staff: s[1], StaffEntry: s[2], Device: d[1], DeviceEntry: d[2]}, nil
}

// askCommand runs a command to its end and finds the pattern, and its groups, in what it prints.
func askCommand(ctx context.Context, pattern *regexp.Regexp, path string, args ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	command := filepath.Base(path) + " " + args[0]
	printed, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) { // what it says of a failure; secrets go to stdout
			return nil, fmt.Errorf("%s: %w: %s", command, err, bytes.TrimSpace(failed.Stderr))
		}
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	found := pattern.FindStringSubmatch(string(printed))
	if found == nil {
		return nil, fmt.Errorf("%s did not print what the settings need", command)
	}
	return found, nil
}
