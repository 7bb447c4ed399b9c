package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// A sealed field is version (1), key id (4), nonce (12), ciphertext, tag (16).
const (
	version    = 1
	keyIDSize  = 4
	fieldHead  = 1 + keyIDSize
	nonceSize  = 12
	tagSize    = 16
	fieldExtra = fieldHead + nonceSize + tagSize
)

// Why a field does not open.
var (
	ErrForm  = errors.New("vault: not a sealed field of this version")
	ErrKey   = errors.New("vault: sealed under a key that is not known here")
	ErrBroke = errors.New("vault: field was altered or moved")
)

// Place is where a field lives. It is authenticated, so a field that is copied
// to another place does not open there.
type Place struct{ Table, Column, Row string }

// context writes the header and the place, each part with its length: no two
// places share a spelling.
func (p Place) context(head []byte) []byte {
	return appendParts(bytes.Clone(head), p.Table, p.Column, p.Row)
}

// appendParts writes each part after its length, so that no two lists of parts
// come out as the same bytes.
func appendParts(b []byte, parts ...string) []byte {
	for _, part := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// Encrypt encrypts a field (AES-256-GCM) for its place, under the newest field key.
func (v *Vault) Encrypt(plain []byte, at Place) []byte {
	head := v.newest().head()
	return v.newest().box.Seal(head, nil, plain, at.context(head))
}

// Decrypt decrypts a field that Seal made for the same place, under any known key.
func (v *Vault) Decrypt(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) < fieldExtra || sealed[0] != version {
		return nil, ErrForm
	}
	head, box := sealed[:fieldHead], sealed[fieldHead:]
	for _, k := range v.field {
		if k.id != FieldKeyID(head[1:]) {
			continue
		}
		plain, err := k.box.Open(nil, nil, box, at.context(head))
		if err != nil {
			return nil, ErrBroke
		}
		return plain, nil
	}
	return nil, ErrKey
}

// Stale reports whether sealed is anything but a field under the newest key. That
// includes what does not open at all: Reencrypt says why, and a walk that asks whether
// an old key is still in use passes over nothing.
func (v *Vault) Stale(sealed []byte) bool {
	return len(sealed) < fieldExtra || !bytes.HasPrefix(sealed, v.newest().head())
}

// ReEncrypt opens a field and seals it for the same place under the newest key. The
// errors are those of Open. The caller must store the result only if the field did
// not change meanwhile.
func (v *Vault) ReEncrypt(sealed []byte, at Place) ([]byte, error) {
	plain, err := v.Decrypt(sealed, at)
	if err != nil {
		return nil, err
	}
	return v.Encrypt(plain, at), nil
}
