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

// setupWithin bounds a command that creates keys or a credential, prints and exits.
const setupWithin = 30 * time.Second

// Secrets are the outputs of -init, -new-staff and -new-device.
type Secrets struct {
	Authority string // public key of the stream, 64 hex digits

	Staff, StaffEntry   string // a credential for window, police and ticketing, and its [[staff]] table
	Device, DeviceEntry string // a credential for entry and exit, and its [[device]] table
}

// Patterns of the commands' output: a line; or a credential that is shown once, followed by the
// table for the settings file, to the end.
var (
	authority = regexp.MustCompile(`(?m)^authority = "([0-9a-f]{64})"$`)
	staff     = regexp.MustCompile(`(?ms)^ +(rgs_[0-9a-f]{64})$.*^(\[\[staff\]\]$.*)`)
	device    = regexp.MustCompile(`(?ms)^ +(rgd_[0-9a-f]{64})$.*^(\[\[device\]\]$.*)`)
)

// MakeSecrets creates the keys in the new folder keys, and both credentials, as an operator does.
// binary returns the path of the built "issuer" or "gateway". An error names the command that
// failed or printed something unexpected. It contains no secret.
func MakeSecrets(ctx context.Context, binary func(name string) string, keys string) (Secrets, error) {
	a, err := runCommand(ctx, authority, binary("issuer"), "-init", keys)
	if err != nil {
		return Secrets{}, err
	}
	s, err := runCommand(ctx, staff, binary("issuer"), "-new-staff", "window-1", "-roles", "window,police,ticketing")
	if err != nil {
		return Secrets{}, err
	}
	d, err := runCommand(ctx, device, binary("gateway"), "-new-device", "entry-gate")
	if err != nil {
		return Secrets{}, err
	}
	return Secrets{Authority: a[1], Staff: s[1], StaffEntry: s[2], Device: d[1], DeviceEntry: d[2]}, nil
}

// runCommand runs a command and returns the match of pattern in its output, with its groups.
func runCommand(ctx context.Context, pattern *regexp.Regexp, path string, args ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	command := filepath.Base(path) + " " + args[0]
	printed, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) { // stderr explains the failure; secrets go to stdout
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
