package keystore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/railgate/railgate/internal/ownfile"
)

// Passphrase opens a sealed directory. It never prints itself. Take it from a file
// (ReadPassphrase): arguments and the environment are seen by others.
type Passphrase string

const (
	// MinPassphrase is the length below which no directory is sealed, bytes. Ours:
	// 16 random letters are beyond guessing at one argon2id run a guess.
	MinPassphrase = 16
	// maxPassphrase bounds what is read of a passphrase file, bytes.
	maxPassphrase = 1024
)

// String keeps a passphrase out of logs and error texts.
func (p Passphrase) String() string { return "passphrase (private)" }

// Format does the same for every verb, %x and %#v included.
func (p Passphrase) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// MarshalText does the same for JSON and TOML.
func (p Passphrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ReadPassphrase reads a file of one line, such as a systemd credential or a
// mounted secret. The end of the line is not part of the passphrase.
func ReadPassphrase(path string, trust ownfile.Trust) (Passphrase, error) {
	trust.RootGroup = true // a credential of a systemd unit
	text, err := trust.ReadSecret(path, maxPassphrase, "make it 0400, or 0440 and set secret_group")
	if err != nil {
		return "", fmt.Errorf("keystore: passphrase: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if len(text) > maxPassphrase || line == "" || strings.ContainsAny(line, "\r\n\x00") {
		return "", fmt.Errorf("keystore: passphrase: %s must hold one line of 1 to %d bytes", path, maxPassphrase)
	}
	return Passphrase(line), nil
}

func (p Passphrase) strongEnough() error {
	if len(p) < MinPassphrase {
		return errors.New("keystore: a passphrase must have at least 16 bytes")
	}
	return nil
}
