package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Prefixes say what an id or a secret is for; a secret that turns up in the
// wrong place is recognised by its own.
const (
	accountPrefix = "acc_"
	loginPrefix   = "log_"
	TokenPrefix   = "rgl_" // of a login token: tells it from an access token
)

const (
	idSize    = 16 // random bytes of an id
	tokenSize = 32 // random bytes of a login token
)

func random(prefix string, size int) string {
	b := make([]byte, size)
	rand.Read(b) // never fails since Go 1.24: the program ends instead
	return prefix + hex.EncodeToString(b)
}

// wellFormed reports whether text is prefix and exactly size bytes of lower-case
// hex. What is not never reaches the database.
func wellFormed(text, prefix string, size int) bool {
	digits, ok := strings.CutPrefix(text, prefix)
	return ok && len(digits) == 2*size && allIn(digits, "0123456789abcdef")
}

// tokenHash is how a login token is kept. It has 256 random bits, so a fast hash
// without salt is enough: there is nothing to guess.
func tokenHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}
