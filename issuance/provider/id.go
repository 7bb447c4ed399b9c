package provider

import (
	"crypto/rand"
	"encoding/hex"
)

// ID names a request: the same each time it is sent, never used for another.
type ID [16]byte

// NewID is random: an id tells nothing and cannot be guessed.
func NewID() (id ID) {
	rand.Read(id[:]) // never fails: the program ends instead
	return id
}

// ParseID reads the one spelling of an id.
func ParseID(text string) (id ID, ok bool) { return id, readHex(id[:], text) }

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// readHex fills dst from exactly as many lower-case hex digits.
func readHex(dst []byte, text string) bool {
	if len(text) != hex.EncodedLen(len(dst)) {
		return false
	}
	for _, c := range []byte(text) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	_, err := hex.Decode(dst, []byte(text))
	return err == nil
}
