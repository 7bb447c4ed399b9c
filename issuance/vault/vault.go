// Package vault keeps personal data at rest: it encrypts single fields, makes the
// keyed hashes by which a person or a contact is found again, derives the
// pseudonym that a code carries, and moves stored fields to a newer key. Its keys
// come from one 32-byte master, one key per purpose, and from field keys that can
// be changed.
//
// It promises: without the keys an encrypted field tells nothing but its length and
// the id of its field key; a field that was altered, or moved to another row, column
// or table, does not open; equal persons have equal hashes, and a copy of the
// database does not tell whose they are. It does not hide which rows belong to one
// person, it does not pad, and it protects nothing from someone who holds the keys.
//
// Rotation. The master keeps deriving the hashes and pseudonyms for ever: a new
// one would make every person a stranger. Fields can move. The field key with the
// highest number encrypts, all known ones decrypt, and the one derived from the
// master is number 0. Random 96-bit nonces are sound for 2^32 encryptions under one
// field key, each [Vault.ReEncrypt] being one of them. They are not counted, so add a
// key long before that (2^32 is three fields of 1.4 billion applications), and when
// one may have leaked. Then a [Walker] re-encrypts every [Vault.Stale] field. When
// none is stale any more, the old key can be destroyed, and with it what old backups
// hold under it. Number 0 lives as long as the master.
//
// A walk promises: a field that changed meanwhile stays as it was written; a walk that
// stops anywhere has harmed nothing, and the next one finds its work done; several
// walks at once do no harm; a walk never waits for a locked row, and others wait for
// it no longer than a small batch takes; a field that does not open stays as it is and
// is named by its place. No error or report holds anything of a field's content.
//
// One walk does not move everything: fields in use are missed, and an issuer that runs
// without the newest key keeps encrypting with the old one. [Walker.Left] counts the
// remainder. Ask it when every issuer has the new key, and destroy the old key only
// when it returns 0 (see keystore.DropFieldKey).
//
// Limit: an issuer without the newest field key cannot open what is encrypted with it.
// Several issuers on one database must all know a key before one of them uses it: give
// it to all, stop all, start all.
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

// Vault is safe for many goroutines at once and never changes.
type Vault struct {
	field    []fieldKey // by number; the last one seals
	index    []byte
	subject  []byte
	contacts []byte
	audit    Key
}

// fieldKey is a field key ready for use.
type fieldKey struct {
	number int
	id     FieldKeyID
	box    cipher.AEAD
}

// head begins every field that is sealed under the key.
func (k *fieldKey) head() []byte { return append([]byte{version}, k.id[:]...) }

// New derives all keys of the master and takes further field keys, in any order:
// the one with the highest number seals. Without any, the master's own does. Two
// keys must not share a number or an id; package keystore refuses such files.
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
