package provider

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries a Signature.
const SignatureHeader = "Railgate-Signature"

// maxSignature bounds the header's value, bytes; the longest true one is shorter.
const maxSignature = 192

// maxSeconds is the last second of the year 9999: what lies after it is no time
// of signing, and nothing computed from it can overflow.
const maxSeconds = 253402300799

// Signature is what stands in the header. A parsed one is well-formed; it says
// nothing before a Keyring has verified it.
type Signature struct {
	Key     string
	Seconds int64 // Unix time of signing
	ID      ID
	MAC     [32]byte
}

// ParseSignature reads the one spelling of a signature.
func ParseSignature(text string) (s Signature, ok bool) {
	if len(text) > maxSignature {
		return Signature{}, false
	}
	parts := strings.Split(text, ";")
	if len(parts) != 5 || parts[0] != "v1" {
		return Signature{}, false
	}
	var values [4]string
	for i, name := range []string{"key=", "time=", "id=", "mac="} {
		if values[i], ok = strings.CutPrefix(parts[i+1], name); !ok {
			return Signature{}, false
		}
	}
	seconds, err := strconv.ParseInt(values[1], 10, 64)
	if err != nil || seconds < 0 || seconds > maxSeconds || strconv.FormatInt(seconds, 10) != values[1] {
		return Signature{}, false
	}
	s = Signature{Key: values[0], Seconds: seconds}
	if !isKey(s.Key) || !readHex(s.ID[:], values[2]) || !readHex(s.MAC[:], values[3]) {
		return Signature{}, false
	}
	return s, true
}

// String is the spelling that ParseSignature reads.
func (s Signature) String() string {
	return "v1;key=" + s.Key + ";time=" + strconv.FormatInt(s.Seconds, 10) + ";id=" + s.ID.String() + ";mac=" + hex.EncodeToString(s.MAC[:])
}

// signatureOf reads the header, which must be there exactly once: two readers
// of one message must not choose differently.
func signatureOf(h http.Header) (Signature, bool) {
	values := h.Values(SignatureHeader)
	if len(values) != 1 {
		return Signature{}, false
	}
	return ParseSignature(values[0])
}

// near reports whether it was signed within skew of now, to the second.
func (s Signature) near(now time.Time, skew time.Duration) bool {
	apart := now.Sub(time.Unix(s.Seconds, 0)) // saturates, never overflows
	return apart >= -skew && apart < skew+time.Second
}

// signedLines joins what is signed. No part can hold a line feed, so no two
// messages share a text.
func (s Signature) signedLines(domain, first, second string, bodySum [32]byte) []byte {
	var b bytes.Buffer
	for _, line := range []string{domain, s.Key, strconv.FormatInt(s.Seconds, 10), s.ID.String(), first, second, hex.EncodeToString(bodySum[:])} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

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
