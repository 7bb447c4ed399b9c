package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
)

var publicKey = regexp.MustCompile(`(?m)^public key: ([0-9a-f]{64})$`)

// Announced is a gateway's key file and number, as the authority knows it.
type Announced struct {
	ID      int
	KeyFile string
	public  string
}

// NewGatewayKey makes the key of a gateway, as an operator does. The number must be new to the authority.
func (s *Stack) NewGatewayKey(ctx context.Context, id int) (Announced, error) {
	a := Announced{ID: id, KeyFile: s.file(fmt.Sprintf("gateway-key-%d", id))}
	found, err := runCommand(ctx, publicKey, s.Binary("gateway"), "-new-key", a.KeyFile)
	if err != nil {
		return a, err
	}
	a.public = found[1]
	return a, nil
}

// Settings returns the gateway's settings that name the key.
func (a Announced) Settings() Settings {
	return Settings{"identity.id": a.ID, "identity.key_file": a.KeyFile}
}

// Announce has the authority announce the key, with a command of an issuer that runs, and returns when the
// announcement is in the control stream.
func (v *Server) Announce(ctx context.Context, a Announced) error {
	ctx, cancel := context.WithTimeout(ctx, setupWithin)
	defer cancel()
	path, args := v.Command("-announce-gateway", fmt.Sprintf("%d:%s", a.ID, a.public), "-by", "operator")
	if _, err := exec.CommandContext(ctx, path, args...).Output(); err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return fmt.Errorf("announce gateway %d: %w: %s", a.ID, err, bytes.TrimSpace(failed.Stderr))
		}
		return fmt.Errorf("announce gateway %d: %w", a.ID, err)
	}
	return nil
}
