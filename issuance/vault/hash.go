package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/tokens"
)

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
