package vault

import "crypto/sha256"

// indexDomain separates blind indexes from whatever else their key may one day
// be asked for.
const indexDomain = "railgate/blind-index/v1"

// Index is a blind index: the keyed hash by which a login name, a phone number or
// an e-mail address is found again in a table that holds it only sealed. It is
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
