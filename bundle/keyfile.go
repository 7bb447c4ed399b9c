package bundle

import (
	"errors"

	"github.com/railgate/railgate/revocation"
)

// A key file keeps the signed batches that announced, retired and withdrew keys, for readers that verify receipts
// when the control topic has dropped them. It is magic RGK1, authority (4), and the batches as in the section of
// proofs of a bundle. Its content is signed by the authority and not secret.
const keyFileMagic = "RGK1"

// MaxKeyFile bounds the size of a key file that is read, bytes.
const MaxKeyFile = 64 << 20

// ErrKeyFile means that a file is not a complete key file of this authority.
var ErrKeyFile = errors.New("bundle: not a complete key file of this authority")

// Encode returns the key file of the keys.
func (k *Keys) Encode(authority *revocation.Authority) []byte {
	id := authority.ID()
	w := writer{[]byte(keyFileMagic)}
	w.bytes(id[:])
	w.proofs(k.Proofs())
	return w.b
}

// OpenKeyFile reads and verifies the output of [Keys.Encode] and nothing else. The result refers to raw.
func OpenKeyFile(raw []byte, authority *revocation.Authority) (*Keys, error) {
	id := authority.ID()
	head := keyFileMagic + string(id[:])
	if len(raw) > MaxKeyFile || len(raw) < len(head) || string(raw[:len(head)]) != head {
		return nil, ErrKeyFile
	}
	r := reader{rest: raw[len(head):]}
	proofs := r.proofs()
	if !r.ended() {
		return nil, ErrKeyFile
	}
	opened, err := openProofs(proofs, authority)
	if err != nil {
		return nil, err
	}
	if !inOrder(opened) {
		return nil, ErrKeyFile
	}
	return new(Keys).with(opened), nil
}
