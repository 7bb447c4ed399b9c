package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// An encrypted field is version (1), key id (4), nonce (12), ciphertext, tag (16).
const (
	version    = 1
	keyIDSize  = 4
	fieldHead  = 1 + keyIDSize
	nonceSize  = 12
	tagSize    = 16
	fieldExtra = fieldHead + nonceSize + tagSize
)

// The errors of decryption.
var (
	ErrFormat  = errors.New("vault: not an encrypted field of this version")
	ErrKey     = errors.New("vault: encrypted with an unknown field key; load the key with this id")
	ErrAltered = errors.New("vault: the field was altered or moved")
)

// Place is the location of a field. It is authenticated: a field that is copied to another place cannot be
// decrypted there.
type Place struct{ Table, Column, Row string }

// context returns the header and the place, each part with its length: no two places have the same
// encoding.
func (p Place) context(head []byte) []byte {
	return appendParts(bytes.Clone(head), p.Table, p.Column, p.Row)
}

// appendParts appends each part after its length: no two lists of parts have the same encoding.
func appendParts(b []byte, parts ...string) []byte {
	for _, part := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// Encrypt encrypts a field (AES-256-GCM) for its place, with the newest field key.
func (v *Vault) Encrypt(plain []byte, at Place) []byte {
	head := v.newest().head()
	return v.newest().box.Seal(head, nil, plain, at.context(head))
}

// Decrypt decrypts a field that [Vault.Encrypt] made for the same place, with any known key.
func (v *Vault) Decrypt(encrypted []byte, at Place) ([]byte, error) {
	if len(encrypted) < fieldExtra || encrypted[0] != version {
		return nil, ErrFormat
	}
	head, box := encrypted[:fieldHead], encrypted[fieldHead:]
	for _, k := range v.field {
		if k.id != FieldKeyID(head[1:]) {
			continue
		}
		plain, err := k.box.Open(nil, nil, box, at.context(head))
		if err != nil {
			return nil, ErrAltered
		}
		return plain, nil
	}
	return nil, ErrKey
}

// Stale reports whether the bytes are not a field under the newest key. That includes bytes that cannot be
// decrypted at all, for which [Vault.ReEncrypt] returns the error: a search for fields that need an old key
// skips nothing.
func (v *Vault) Stale(encrypted []byte) bool {
	return len(encrypted) < fieldExtra || !bytes.HasPrefix(encrypted, v.newest().head())
}

// ReEncrypt decrypts a field and encrypts it for the same place with the newest key. The errors are those of
// [Vault.Decrypt]. The caller must store the result only if the field has not changed in the meantime.
func (v *Vault) ReEncrypt(encrypted []byte, at Place) ([]byte, error) {
	plain, err := v.Decrypt(encrypted, at)
	if err != nil {
		return nil, err
	}
	return v.Encrypt(plain, at), nil
}
