package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// KeySize is the length of every secret here, bytes.
const KeySize = 32

// Master is the root secret of a Vault. It is bound for ever to the hashes and
// pseudonyms it derives.
type Master [KeySize]byte

// NewMaster reads a new master from the system's random source.
func NewMaster() (m Master) {
	rand.Read(m[:]) // never fails since Go 1.24: the program ends instead
	return m
}

// FieldKeyID is the id in the head of every field sealed under the master's own
// field key.
func (m Master) FieldKeyID() FieldKeyID { return fieldKeyID(m[:]) }

// String keeps a master out of logs and error texts.
func (m Master) String() string { return "vault master (private)" }

// Format does the same for every verb, %x and %#v included.
func (m Master) Format(f fmt.State, _ rune) { fmt.Fprint(f, m.String()) }

// Key is a secret that never prints itself.
type Key [KeySize]byte

// NewKey reads a new key from the system's random source.
func NewKey() (k Key) {
	rand.Read(k[:])
	return k
}

// String keeps a key out of logs and error texts.
func (k Key) String() string { return "vault key (private)" }

// Format does the same for every verb, %x and %#v included.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// FieldKey seals fields besides the master's own field key. It is random, not
// derived: to destroy it is to destroy what it sealed.
type FieldKey struct {
	Number int // from 1; a higher number is newer
	Secret Key
}

// FieldKeyID names a field key in the fields that it sealed. It tells nothing of
// the key.
type FieldKeyID [keyIDSize]byte

// ID is the id in the head of every field sealed under k.
func (k FieldKey) ID() FieldKeyID { return fieldKeyID(k.Secret[:]) }

func fieldKeyID(secret []byte) FieldKeyID {
	return FieldKeyID(derive(secret, purposeFieldID, keyIDSize))
}

// Purposes: the labels that separate the keys. A changed label is a new key.
const (
	purposeField    = "railgate/vault/field/v1"
	purposeFieldID  = "railgate/vault/field-id/v1"
	purposeIndex    = "railgate/vault/index/v1"
	purposeSubject  = "railgate/vault/subject/v1"
	purposeContacts = "railgate/vault/blind-index/v1"
	purposeAudit    = "railgate/vault/audit/v1"
)

// derive is HKDF-SHA-256 (RFC 5869) without salt: the secrets are uniformly random.
func derive(secret []byte, purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, size)
	if err != nil {
		panic("BUG: vault: " + err.Error()) // only for sizes beyond 8160 bytes
	}
	return key
}
