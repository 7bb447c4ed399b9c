package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/railgate/railgate/internal/feeds"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// keyHead is the first word of a key file, so that another file of 64 digits is not taken for one. A file is one
// line: the head, a space, and the Ed25519 seed as 64 lower-case hex digits.
const keyHead = "railgate-gateway-key-1"

const keyFileSize = len(keyHead) + 1 + 2*ed25519.SeedSize + 1

// newKey makes a key file, which must not exist, and prints what the authority needs to know.
func newKey(path string, out io.Writer) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("-new-key: %s exists, or cannot be looked at; a key is never overwritten: choose another name", path)
	}
	public, private, err := ed25519.GenerateKey(nil) // the system's random source
	if err != nil {
		return fmt.Errorf("-new-key: %w", err)
	}
	text := fmt.Sprintf("%s %x\n", keyHead, private.Seed())
	if err := (ownfile.Disk{}).Write(path, []byte(text)); err != nil {
		return fmt.Errorf("-new-key: %w", err)
	}
	_, err = fmt.Fprintf(out, `wrote the private key to %s: it belongs to this gateway alone and to no backup
public key: %x
Next: announce it under a number that no gateway ever had, at an issuer,
  railgate-issuer -announce-gateway ID:%[2]x -by ROLE
and set it here:
[identity]
id = ID
key_file = %[3]q
`, path, []byte(public), path)
	return err
}

// readIdentity reads the gateway's key. Errors contain nothing of the file.
func readIdentity(s identitySettings, trust ownfile.Trust) (*feeds.Identity, error) {
	text, err := trust.ReadSecret(s.KeyFile, int64(keyFileSize), "make a new key with -new-key, and have the old one withdrawn")
	if err != nil {
		return nil, err
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(string(text), "\n"), keyHead+" ")
	seed, err := hex.DecodeString(digits)
	if !ok || err != nil || len(text) != keyFileSize || len(seed) != ed25519.SeedSize || strings.ToLower(digits) != digits {
		return nil, errors.New("is not a key file of railgate-gateway -new-key")
	}
	key := ed25519.NewKeyFromSeed(seed)
	if err := tokens.CheckPublicKey([tokens.PublicKeySize]byte(key.Public().(ed25519.PublicKey))); err != nil {
		return nil, errors.New("is a key that no gateway accepts: make another one with -new-key")
	}
	return &feeds.Identity{Gateway: revocation.GatewayID(s.ID), Key: key}, nil
}
