// Package ids makes and recognises the ids and secrets that the issuer gives
// out: a prefix that says what it is for, and random bytes in lower-case hex. A
// secret that turns up in the wrong place is recognised by its prefix.
package ids

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The sizes in use, random bytes.
const (
	IDSize     = 16 // unguessable, though ids are no secrets
	SecretSize = 32
)

// New makes one of size random bytes.
func New(prefix string, size int) string {
	b := make([]byte, size)
	rand.Read(b) // never fails since Go 1.24: the program ends instead
	return prefix + hex.EncodeToString(b)
}

// WellFormed reports whether text is prefix and exactly size bytes of lower-case
// hex. What is not never reaches the database.
func WellFormed(text, prefix string, size int) bool {
	digits, ok := strings.CutPrefix(text, prefix)
	return ok && len(digits) == 2*size && strings.Trim(digits, "0123456789abcdef") == ""
}

// Bearer is the secret that a request's Authorization fields show, or empty:
// there must be one field, of "Bearer", one space and the secret. Other spellings,
// which RFC 9110 would allow, show nothing: what we hand out is shown in one form.
func Bearer(authorization []string) string {
	if len(authorization) != 1 {
		return ""
	}
	secret, ok := strings.CutPrefix(authorization[0], "Bearer ")
	if !ok {
		return ""
	}
	return secret
}

// Hash is how a secret is kept. It has 256 random bits, so a fast hash without
// salt is enough: there is nothing to guess.
func Hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }
