// Package signing signs passes with an issuer's private key. Only issuers and test
// tools import it; an import test keeps it out of the gateway.
package signing

import (
	"crypto/rand"
	"fmt"

	"github.com/cloudflare/circl/sign/ed25519"

	"github.com/railgate/railgate/tokens"
)

// Signer signs messages with one Ed25519 key, in memory or in a hardware module. Its
// methods may be called concurrently. Sign returns a complete signature of message or
// an error, and must never sign anything else.
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

// GenerateSeed returns a new seed from the system's random source.
func GenerateSeed() (seed [SeedSize]byte) {
	rand.Read(seed[:]) // since Go 1.24 it aborts the program instead of failing
	return seed
}

// Public returns the public key.
func (k Key) Public() [tokens.PublicKeySize]byte {
	return [tokens.PublicKeySize]byte(k.private[SeedSize:])
}

// Sign signs message. It never returns an error.
func (k Key) Sign(message []byte) ([tokens.SigSize]byte, error) {
	return [tokens.SigSize]byte(ed25519.Sign(k.private, message)), nil
}

// String returns a fixed text, which keeps the key out of logs and errors.
func (k Key) String() string { return "signing key (private)" }

// Format prints the text of String for every verb, %x and %#v included.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// Pass signs p. It refuses a pass that the parser of a gate would refuse.
func Pass(s Signer, p *tokens.Pass) (tokens.SignedPass, error) {
	message, err := p.Message()
	if err != nil {
		return tokens.SignedPass{}, err
	}
	signature, err := s.Sign(message[:])
	if err != nil {
		return tokens.SignedPass{}, fmt.Errorf("signing: pass %s: %w", p.Serial, err)
	}
	return tokens.AssemblePass(&message, &signature), nil
}
