package vault

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
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
