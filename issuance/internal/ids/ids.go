// Package ids makes and recognizes the ids and secrets that the issuer hands out: a prefix that names the
// kind, and random bytes in lower-case hex. The prefix identifies a secret that appears in a wrong place.
package ids

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Sizes, random bytes.
const (
	IDSize     = 16 // of an id: not secret, and still not guessable
	SecretSize = 32 // of a secret
)

// New makes an id or secret from size random bytes.
func New(prefix string, size int) string {
	b := make([]byte, size)
	rand.Read(b) // never fails since Go 1.24: the program ends instead
	return prefix + hex.EncodeToString(b)
}

// WellFormed reports whether text is prefix followed by exactly size bytes in lower-case hex. Callers check
// it before they query the database.
func WellFormed(text, prefix string, size int) bool {
	digits, ok := strings.CutPrefix(text, prefix)
	return ok && len(digits) == 2*size && strings.Trim(digits, "0123456789abcdef") == ""
}

// Bearer returns the secret in the Authorization fields of a request, or an empty string. There must be one
// field: "Bearer", one space and the secret. Other spellings allowed by RFC 9110 are refused.
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

// Hash is the stored form of a secret. A secret has 256 random bits and cannot be guessed: a fast hash
// without salt is enough.
func Hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }
