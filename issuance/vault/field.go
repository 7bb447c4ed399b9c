package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/tokens"
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

// PersonHash identifies a person without revealing the document.
type PersonHash [sha256.Size]byte

// Person hashes a document. The quota rules count by it (A7): a person is a document type and number,
// independent of account and phone.
func (v *Vault) Person(document identity.DocumentType, number string) PersonHash {
	return PersonHash(sum(v.index, []byte{byte(document)}, []byte(number)))
}

// subjectDomain separates day keys from possible other uses of the subject key.
const subjectDomain = "railgate/subject/v1"

// DayKey is HMAC-SHA-256(subject key, "railgate/subject/v1" ‖ day, big-endian).
// A holder of a day's key can recognize known people among the travellers of that day, and learns nothing
// about any other day.
func (v *Vault) DayKey(day uint16) [sha256.Size]byte {
	return sum(v.subject, []byte(subjectDomain), binary.BigEndian.AppendUint16(nil, day))
}

// Subject is the pseudonym in the codes of a day: the first 8 bytes of
// HMAC-SHA-256(DayKey, document type byte ‖ number).
func (v *Vault) Subject(day uint16, document identity.DocumentType, number string) tokens.Subject {
	key := v.DayKey(day)
	s := sum(key[:], []byte{byte(document)}, []byte(number))
	return tokens.Subject(s[:len(tokens.Subject{})])
}

// Subjects is [Vault.Subject] for many numbers of one document type: the day key is computed once.
func (v *Vault) Subjects(day uint16, document identity.DocumentType, numbers []string) []tokens.Subject {
	key := v.DayKey(day)
	h := hmac.New(sha256.New, key[:])
	all := make([]tokens.Subject, len(numbers))
	var text [1 + 64]byte
	var out [sha256.Size]byte
	for i, number := range numbers {
		h.Reset()
		h.Write(append(append(text[:0], byte(document)), number...))
		copy(all[i][:], h.Sum(out[:0]))
	}
	return all
}

// indexDomain separates blind indexes from possible other uses of their key.
const indexDomain = "railgate/blind-index/v1"

// Index is a blind index: the keyed hash for the lookup of a login name, a phone number or an e-mail address
// in a table that stores it only encrypted. It is HMAC-SHA-256(blind index key, parts); the parts are
// "railgate/blind-index/v1", purpose and value, each after its length (4 bytes, big-endian).
//
// The purpose names one column ("accounts.phone"): equal values have equal indexes for one purpose and
// unrelated ones for another. The caller passes the value in normal form. Phone numbers can be guessed: an
// index hides its value only from attackers without the master.
func (v *Vault) Index(purpose, value string) [sha256.Size]byte {
	return sum(v.contacts, appendParts(nil, indexDomain, purpose, value))
}

// AuditKey is the key of the audit log's hash chain: an attacker who can write the database cannot make a
// valid chain without it. It has no other use.
func (v *Vault) AuditKey() Key { return v.audit }

func sum(key []byte, parts ...[]byte) (out [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}
