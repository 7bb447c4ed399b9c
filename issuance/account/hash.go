package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Sizes of a password's hash, bytes: those RFC 9106 recommends.
const (
	saltSize = 16
	sumSize  = 32
)

// hash is what is kept of a password. Its parameters are kept with it, so that
// they can be raised.
type hash struct {
	memoryKiB, passes uint32
	lanes             uint8
	salt, sum         []byte
}

var errHash = errors.New("account: a password's hash is not in its form")

// String is the form in which hashes of argon2id are commonly kept:
// $argon2id$v=19$m=65536,t=2,p=1$salt$sum, both in Base64 without padding.
func (h hash) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memoryKiB, h.passes, h.lanes, b.EncodeToString(h.salt), b.EncodeToString(h.sum))
}

// parseHash reads the one spelling of a hash, with parameters that are bounded.
func parseHash(text string) (h hash, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return hash{}, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memoryKiB, &h.passes, &h.lanes); err != nil {
		return hash{}, errHash
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return hash{}, errHash
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return hash{}, errHash
	}
	work := Hashing{MemoryKiB: h.memoryKiB, Passes: h.passes, Lanes: h.lanes}
	// Printing it again catches every other spelling that Sscanf lets pass.
	if !work.bounded() || len(h.salt) != saltSize || len(h.sum) != sumSize || h.String() != text {
		return hash{}, errHash
	}
	return h, nil
}

// newHash hashes a password with a new salt.
func newHash(work Hashing, password string) hash {
	h := dummyHash(work)
	h.sum = h.of(password)
	return h
}

// dummyHash is the hash of no password: comparing with it costs what comparing
// with a real one does.
func dummyHash(work Hashing) hash {
	h := hash{work.MemoryKiB, work.Passes, work.Lanes, make([]byte, saltSize), make([]byte, sumSize)}
	rand.Read(h.salt) // never fails since Go 1.24: the program ends instead
	rand.Read(h.sum)
	return h
}

func (h hash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memoryKiB, h.lanes, sumSize)
}

func (h hash) is(password string) bool { return subtle.ConstantTimeCompare(h.of(password), h.sum) == 1 }

// stale reports whether the hash was made with other parameters than work.
func (h hash) stale(work Hashing) bool {
	return h.memoryKiB != work.MemoryKiB || h.passes != work.Passes || h.lanes != work.Lanes
}
