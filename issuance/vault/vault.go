// Package vault protects stored personal data. It encrypts single fields, computes the keyed hashes that find
// a person or a contact, derives the pseudonyms in codes, and moves stored fields to newer keys. Its keys are
// derived from one 32-byte master, one key per purpose, and from replaceable field keys.
//
// It promises:
//   - Without the keys, an encrypted field reveals only its length and the id of its field key.
//   - A field that was altered, or moved to another row, column or table, cannot be decrypted.
//   - Equal persons have equal hashes, and a copy of the database does not reveal the persons.
//
// It does not hide which rows belong to one person, it does not pad, and it gives no protection against a
// holder of the keys.
//
// # Rotation
//
// The master always derives the hashes and pseudonyms: with a new master, no stored person would be found.
// Fields can move to other keys. The field key with the highest number encrypts, all known ones decrypt, and
// the one derived from the master has number 0. Random 96-bit nonces are safe for 2^32 encryptions with one
// field key, and each [Vault.ReEncrypt] is one. They are not counted: add a key long before that (2^32 is
// three fields of 1.4 billion applications), and when a key may have leaked. Then a [Walker] re-encrypts every
// [Vault.Stale] field. When no field is stale, the old key can be destroyed; that also makes the fields in
// old backups unreadable. Number 0 exists as long as the master.
//
// A walk promises:
//   - A field that changes at the same time is not overwritten.
//   - A walk can stop anywhere, and the next one continues its work.
//   - Concurrent walks are safe.
//   - A walk never waits for a locked row, and delays other transactions by at most a small batch.
//   - A field that cannot be decrypted is not changed, and is reported by its place.
//   - No error or report contains a field's content.
//
// One walk does not move every field: locked and changing fields are skipped, and an issuer that runs without
// the newest key keeps encrypting with the old one. [Walker.Remaining] counts the stale fields. Call it when
// every issuer has the new key, and destroy the old key only when it returns 0 (see keystore.DropFieldKey).
//
// Limit: an issuer without the newest field key cannot decrypt the fields encrypted with it. All issuers on
// one database must have a key before one of them uses it: install it at all issuers, stop all, start all.
package vault

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
)

// Vault derives and applies the keys. It is immutable and safe for concurrent use.
type Vault struct {
	field    []fieldKey // by number; the last encrypts
	index    []byte
	subject  []byte
	contacts []byte
	audit    Key
}

// fieldKey is a prepared field key.
type fieldKey struct {
	number int
	id     FieldKeyID
	box    cipher.AEAD
}

// head is the prefix of every field encrypted with the key.
func (k *fieldKey) head() []byte { return append([]byte{version}, k.id[:]...) }

// New derives all keys of the master and adds further field keys, in any order. The field key with the
// highest number encrypts; without further keys, the master's own does. Two keys must not share a number or
// an id; package keystore refuses such files.
func New(master Master, further ...FieldKey) *Vault {
	v := &Vault{
		field:    []fieldKey{newFieldKey(0, master[:])},
		index:    derive(master[:], purposeIndex, 32),
		subject:  derive(master[:], purposeSubject, 32),
		contacts: derive(master[:], purposeContacts, 32),
		audit:    Key(derive(master[:], purposeAudit, KeySize)),
	}
	for _, f := range further {
		k := newFieldKey(f.Number, f.Secret[:])
		if f.Number < 1 || slices.ContainsFunc(v.field, func(o fieldKey) bool { return o.number == k.number || o.id == k.id }) {
			panic("BUG: vault: field keys must have numbers from 1 and differ")
		}
		v.field = append(v.field, k)
	}
	slices.SortFunc(v.field, func(a, b fieldKey) int { return cmp.Compare(a.number, b.number) })
	return v
}

func newFieldKey(number int, secret []byte) fieldKey {
	block, err := aes.NewCipher(derive(secret, purposeField, 32))
	if err != nil {
		panic("BUG: vault: " + err.Error())
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("BUG: vault: " + err.Error())
	}
	return fieldKey{number, fieldKeyID(secret), box}
}

func (v *Vault) newest() *fieldKey { return &v.field[len(v.field)-1] }

// KeySize is the length of every secret of this package, bytes.
const KeySize = 32

// Master is the root secret of a [Vault]. It can never be replaced: all stored hashes and pseudonyms depend
// on it.
type Master [KeySize]byte

// NewMaster reads a new master from the system's random source.
func NewMaster() (m Master) {
	rand.Read(m[:]) // never fails since Go 1.24: the program ends instead
	return m
}

// FieldKeyID is the id in the head of every field encrypted with the master's own field key.
func (m Master) FieldKeyID() FieldKeyID { return fieldKeyID(m[:]) }

// String keeps a master out of logs and error texts.
func (m Master) String() string { return "vault master (private)" }

// Format hides a master from every verb of fmt, including %x and %#v.
func (m Master) Format(f fmt.State, _ rune) { fmt.Fprint(f, m.String()) }

// Key is a secret that prints as a constant text.
type Key [KeySize]byte

// NewKey reads a new key from the system's random source.
func NewKey() (k Key) {
	rand.Read(k[:])
	return k
}

// String keeps a key out of logs and error texts.
func (k Key) String() string { return "vault key (private)" }

// Format hides a key from every verb of fmt, including %x and %#v.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// FieldKey is a further field key. It is random and not derived: destroying it destroys all fields encrypted
// with it.
type FieldKey struct {
	Number int // from 1; a higher number is newer
	Secret Key
}

// FieldKeyID identifies a field key in the fields encrypted with it. It reveals nothing about the key.
type FieldKeyID [keyIDSize]byte

// ID is the id in the head of every field encrypted with k.
func (k FieldKey) ID() FieldKeyID { return fieldKeyID(k.Secret[:]) }

func fieldKeyID(secret []byte) FieldKeyID {
	return FieldKeyID(derive(secret, purposeFieldID, keyIDSize))
}

// Purposes are the labels that separate the keys. A changed label makes a different key.
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
		panic("BUG: vault: " + err.Error()) // only for sizes above 8160 bytes
	}
	return key
}
