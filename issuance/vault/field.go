package vault

import (
	"crypto/aes"
	"crypto/cipher"
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
	ErrKey   = errors.New("vault: sealed under another master")
	ErrBroke = errors.New("vault: field was altered or moved")
)

// Place is where a field lives. It is authenticated, so a field that is copied
// to another place does not open there.
type Place struct{ Table, Column, Row string }

// context writes the header and the place, each part with its length: no two
// places share a spelling.
func (p Place) context(head []byte) []byte {
	b := append([]byte(nil), head...)
	for _, part := range []string{p.Table, p.Column, p.Row} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// Vault is safe for many goroutines at once.
type Vault struct {
	field      cipher.AEAD
	fieldKeyID [keyIDSize]byte
	index      []byte
	subject    []byte
}

// New derives all keys of the master.
func New(master Master) *Vault {
	block, err := aes.NewCipher(master.derive(purposeField, 32))
	if err != nil {
		panic("BUG: vault: " + err.Error())
	}
	field, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("BUG: vault: " + err.Error())
	}
	return &Vault{
		field:      field,
		fieldKeyID: [keyIDSize]byte(master.derive(purposeFieldID, keyIDSize)),
		index:      master.derive(purposeIndex, 32),
		subject:    master.derive(purposeSubject, 32),
	}
}

// Seal encrypts a field (AES-256-GCM) for its place.
func (v *Vault) Seal(plain []byte, at Place) []byte {
	head := append([]byte{version}, v.fieldKeyID[:]...)
	return v.field.Seal(head, nil, plain, at.context(head))
}

// Open decrypts a field that Seal made for the same place.
func (v *Vault) Open(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) < fieldExtra || sealed[0] != version {
		return nil, ErrForm
	}
	head, box := sealed[:fieldHead], sealed[fieldHead:]
	if [keyIDSize]byte(head[1:]) != v.fieldKeyID {
		return nil, ErrKey
	}
	plain, err := v.field.Open(nil, nil, box, at.context(head))
	if err != nil {
		return nil, ErrBroke
	}
	return plain, nil
}
