package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// MasterSize is the length of the master, bytes.
const MasterSize = 32

// Master is the secret from which every key of a Vault is derived.
type Master [MasterSize]byte

// NewMaster reads a new master from the system's random source.
func NewMaster() (m Master) {
	rand.Read(m[:]) // never fails since Go 1.24: the program ends instead
	return m
}

// String keeps a master out of logs and error texts.
func (m Master) String() string { return "vault master (private)" }

// Format does the same for every verb, %x and %#v included.
func (m Master) Format(f fmt.State, _ rune) { fmt.Fprint(f, m.String()) }

// Purposes: the labels that separate the keys. A changed label is a new key.
const (
	purposeField   = "railgate/vault/field/v1"
	purposeFieldID = "railgate/vault/field-id/v1"
	purposeIndex   = "railgate/vault/index/v1"
	purposeSubject = "railgate/vault/subject/v1"
)

// derive is HKDF-SHA-256 (RFC 5869) without salt: the master is uniformly random.
func (m *Master) derive(purpose string, size int) []byte {
	key, err := hkdf.Key(sha256.New, m[:], nil, purpose, size)
	if err != nil {
		panic("BUG: vault: " + err.Error()) // only for sizes beyond 8160 bytes
	}
	return key
}
