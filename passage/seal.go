package passage

import (
	"crypto/ed25519"
	"errors"
)

// Seal returns the message: the batch and the gateway's signature over it. It fails for a batch without an
// encoding, and for a private key of a wrong length.
//
// The key is crypto/ed25519's, not one of tokens/signing: that package signs passes, and a gateway must not
// contain code that could.
func (b *Batch) Seal(private ed25519.PrivateKey) ([]byte, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, errors.New("passage: not an Ed25519 private key")
	}
	m, err := b.Encode()
	if err != nil {
		return nil, err
	}
	return append(m, ed25519.Sign(private, m)...), nil
}
