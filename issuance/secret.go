package issuance

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/railgate/railgate/tokens"
)

// Prefixes say what an id or a secret is for; a secret that turns up in the
// wrong place is recognised by its own.
const (
	applicationPrefix = "app_"
	checkPrefix       = "chk_"
	sessionPrefix     = "ses_"
	accessPrefix      = "rga_"
)

const (
	idSize     = 16 // random bytes of an id: unguessable, though ids are no secrets
	accessSize = 32 // random bytes of an access token
)

func random(prefix string, size int) string {
	b := make([]byte, size)
	rand.Read(b) // never fails since Go 1.24: the program ends instead
	return prefix + hex.EncodeToString(b)
}

// wellFormed reports whether text is prefix and exactly size bytes of
// lower-case hex. What is not never reaches the database.
func wellFormed(text, prefix string, size int) bool {
	digits, ok := strings.CutPrefix(text, prefix)
	return ok && len(digits) == 2*size && strings.Trim(digits, "0123456789abcdef") == ""
}

// accessHash is how an access token is kept. It has 256 random bits, so a fast
// hash without salt is enough: there is nothing to guess.
func accessHash(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// newSeed is the secret end of a hosted session's chain.
func newSeed() (seed tokens.Link) {
	rand.Read(seed[:])
	return seed
}
