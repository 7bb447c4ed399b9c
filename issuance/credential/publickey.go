package credential

import (
	"encoding/hex"
	"fmt"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/tokens"
)

// PublicKey is a key to announce.
type PublicKey struct {
	ID     tokens.KeyID
	Public [tokens.PublicKeySize]byte
}

// ParsePublicKey reads a key to announce as it stands in a configuration: the
// id in decimal, 1 to 65535, and the key as 64 lower-case hex digits. It refuses keys
// that gates refuse.
func ParsePublicKey(id int, text string) (PublicKey, error) {
	if id < 1 || id > 0xffff {
		return PublicKey{}, fmt.Errorf("a key id is 1 to 65535")
	}
	k := PublicKey{ID: tokens.KeyID(id)}
	if !ids.WellFormed(text, "", len(k.Public)) {
		return PublicKey{}, fmt.Errorf("the public key of id %d must be 64 lower-case hex digits", id)
	}
	hex.Decode(k.Public[:], []byte(text)) // WellFormed has checked the digits
	if err := tokens.CheckPublicKey(k.Public); err != nil {
		return PublicKey{}, fmt.Errorf("the public key of id %d: %w", id, err)
	}
	return k, nil
}
