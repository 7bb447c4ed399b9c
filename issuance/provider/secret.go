package provider

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/railgate/railgate/internal/ownfile"
)

// SecretSize is the size of a shared secret, bytes.
const SecretSize = 32

// Secret is what the issuer and one service share. Whoever holds it can answer
// in the service's name. It prints as its name only.
type Secret struct {
	Key   string           // its name: 1 to 32 of a-z, 0-9 and "-"
	bytes [SecretSize]byte // unexported: no encoder of structs can see it
}

// NewSecret makes a secret from the system's random source.
func NewSecret(key string) Secret {
	s := Secret{Key: key}
	rand.Read(s.bytes[:])
	return s
}

// SecretOf is a secret whose bytes came from elsewhere.
func SecretOf(key string, bytes [SecretSize]byte) Secret { return Secret{key, bytes} }

// Format keeps the secret out of every print, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "secret "+s.Key) }

// check says what is wrong with a secret.
func (s Secret) check() error {
	if !isKey(s.Key) {
		return errors.New("a secret's key must be 1 to 32 of a-z, 0-9 and \"-\"")
	}
	if s.bytes == ([SecretSize]byte{}) {
		return errors.New("a secret is all zeros")
	}
	return nil
}

const maxKey = 32

func isKey(text string) bool {
	return text != "" && len(text) <= maxKey && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// A secret file has three lines: the head, "key NAME" and "secret HEX".
const (
	secretHead    = "railgate partner secret v1 (secret: signs for both sides)"
	maxSecretFile = 512
)

// WriteSecret makes a new file that ReadSecret reads.
func WriteSecret(path string, s Secret) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("partner: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\nkey %s\nsecret %s\n", secretHead, s.Key, hex.EncodeToString(s.bytes[:]))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ReadSecret reads a secret file that nobody else may read. An error never shows
// its content.
func ReadSecret(path string, trust ownfile.Trust) (Secret, error) {
	text, err := trust.ReadSecret(path, maxSecretFile, "make it 0600, and agree on a new secret if they could")
	if err != nil {
		return Secret{}, fmt.Errorf("partner: %w", err)
	}
	var s Secret
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != secretHead || lines[3] != "" {
		return Secret{}, fmt.Errorf("partner: %s must have three lines, the first %q", path, secretHead)
	}
	key, named := strings.CutPrefix(lines[1], "key ")
	digits, given := strings.CutPrefix(lines[2], "secret ")
	if !named || !given || !readHex(s.bytes[:], digits) {
		return Secret{}, fmt.Errorf("partner: lines 2 and 3 of %s must be \"key NAME\" and \"secret\" with %d lower-case hex digits", path, 2*SecretSize)
	}
	s.Key = key
	if err := s.check(); err != nil {
		return Secret{}, fmt.Errorf("partner: %s: %w", path, err)
	}
	return s, nil
}
