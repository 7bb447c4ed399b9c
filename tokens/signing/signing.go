// Package signing holds the private half of the token: it signs passes. Only
// what issues or imitates an issuer links it; an import test keeps it out of
// the gateway.
package signing

import (
	"crypto/rand"
	"fmt"

	"github.com/cloudflare/circl/sign/ed25519"

	"github.com/railgate/railgate/tokens"
)

// Signer signs messages with one Ed25519 key; a hardware module can be one. It
// may be called from many goroutines. Sign either returns a whole signature or
// an error; it must never sign anything but the message given.
type Signer interface {
	Public() [tokens.PublicKeySize]byte
	Sign(message []byte) ([tokens.SigSize]byte, error)
}

// SeedSize is the length of a private key's seed, bytes.
const SeedSize = ed25519.SeedSize

// Key is a Signer whose private key is in memory.
type Key struct{ private ed25519.PrivateKey }

var _ Signer = Key{}

// NewKey derives a key from a seed of 32 secret random bytes.
func NewKey(seed [SeedSize]byte) Key {
	return Key{ed25519.NewKeyFromSeed(seed[:])}
}

// GenerateSeed reads a new seed from the system's random source.
func GenerateSeed() (seed [SeedSize]byte) {
	rand.Read(seed[:]) // never fails since Go 1.24: the program ends instead
	return seed
}

// Public is the key that verifies.
func (k Key) Public() [tokens.PublicKeySize]byte {
	return [tokens.PublicKeySize]byte(k.private[SeedSize:])
}

// Sign never fails.
func (k Key) Sign(message []byte) ([tokens.SigSize]byte, error) {
	return [tokens.SigSize]byte(ed25519.Sign(k.private, message)), nil
}

// String keeps a key out of logs and error texts.
func (k Key) String() string { return "signing key (private)" }

// Format does the same for every verb, %x and %#v included.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// Pass signs p. It refuses a pass that gates would not parse.
func Pass(s Signer, p *tokens.Pass) (tokens.SignedPass, error) {
	message, err := p.Message()
	if err != nil {
		return tokens.SignedPass{}, err
	}
	signature, err := s.Sign(message[:])
	if err != nil {
		return tokens.SignedPass{}, fmt.Errorf("signing: pass %s: %w", p.Serial, err)
	}
	return tokens.Seal(&message, &signature), nil
}
