package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/tokens"
)

// PersonHash finds a person again without telling who it is.
type PersonHash [sha256.Size]byte

// Person hashes a document. The quota rules count by it (A7): a person is a
// document type and number, whatever account or phone.
func (v *Vault) Person(document identity.DocumentType, number string) PersonHash {
	return PersonHash(sum(v.index, []byte{byte(document)}, []byte(number)))
}

// subjectDomain separates day keys from whatever else the subject key may one
// day be asked for.
const subjectDomain = "railgate/subject/v1"

// DayKey is HMAC-SHA-256(subject key, "railgate/subject/v1" ‖ day, big-endian).
// Who holds a day's key can tell which of the people it knows travelled on that
// day, and learns nothing about any other day.
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

// Subjects is Subject for many numbers of one document type: the key's state is
// computed once.
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

// indexDomain separates blind indexes from whatever else their key may one day
// be asked for.
const indexDomain = "railgate/blind-index/v1"

// Index is a blind index: the keyed hash by which a login name, a phone number or
// an e-mail address is found again in a table that stores it only encrypted. It is
// HMAC-SHA-256(blind index key, parts), the parts being "railgate/blind-index/v1",
// purpose and value, each after its length (4 bytes, big-endian).
//
// The purpose names one column ("accounts.phone"): equal values have equal
// indexes under one purpose and unrelated ones under another. The value must be
// in its one normal form; that is the caller's to know. Phone numbers can be
// guessed, so an index hides its value only from those without the master.
func (v *Vault) Index(purpose, value string) [sha256.Size]byte {
	return sum(v.contacts, appendParts(nil, indexDomain, purpose, value))
}

// AuditKey keys the hash chain of the audit log: who can write the database but
// has no key cannot make a chain that holds. It has no other use.
func (v *Vault) AuditKey() Key { return v.audit }

func sum(key []byte, parts ...[]byte) (out [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}
