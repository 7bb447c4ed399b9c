package provider

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/strictjson"
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

// Why a request is not taken.
var (
	ErrMethod    = errors.New("partner: not a POST")
	ErrSize      = errors.New("partner: the body is too large")
	ErrCut       = errors.New("partner: the body broke off")
	ErrSignature = errors.New("partner: not signed by who holds the secret, or not now")
	ErrForm      = errors.New("partner: not a request of this protocol")
)

// Receiver takes signed requests: the serving side of the protocol. It must not
// change once it serves.
type Receiver struct {
	Keys *Keyring
	// Path is the escaped path of the URL that the sender was given. A proxy in
	// front may have changed the one that arrives.
	Path string
	Skew time.Duration
	Now  func() time.Time
	// MaxBody bounds a request, bytes.
	MaxBody int64
}

// ReadRequest takes one request and reads its body into dst as ReadJSON does. Nothing
// of the body is looked at before its signature. The errors are those above.
func (v Receiver) ReadRequest(w http.ResponseWriter, r *http.Request, dst any) (Signature, error) {
	if r.Method != http.MethodPost {
		return Signature{}, ErrMethod
	}
	// The head is cheap to judge: who has no signature need not be read.
	s, ok := signatureOf(r.Header)
	if !ok || !s.near(v.Now(), v.Skew) {
		return Signature{}, ErrSignature
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, v.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return Signature{}, ErrSize
	}
	if err != nil {
		return Signature{}, ErrCut
	}
	if !v.Keys.VerifyRequest(s, v.Path, body, v.Now(), v.Skew) {
		return Signature{}, ErrSignature
	}
	if !strictjson.Declared(r.Header) || ReadJSON(body, dst) != nil {
		return s, ErrForm
	}
	return s, nil
}

// WriteAnswer sends a signed answer to a request that was verified.
func (v Receiver) WriteAnswer(w http.ResponseWriter, request Signature, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic("BUG: partner: an answer does not encode")
	}
	w.Header().Set(SignatureHeader, v.Keys.SignAnswer(request, status, body, v.Now()).String())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is not told
}

// WriteError answers what Read did not take: a status and nothing else, unsigned,
// for who asks may be anybody.
func (v Receiver) WriteError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	switch err {
	case ErrMethod:
		w.Header().Set("Allow", http.MethodPost)
		status = http.StatusMethodNotAllowed
	case ErrSize:
		status = http.StatusRequestEntityTooLarge
	case ErrSignature:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", SignatureHeader)
	}
	w.WriteHeader(status)
}

// errJSON tells nothing of the text, which may speak of a person.
var errJSON = errors.New("partner: not the JSON object of this protocol")

// ReadJSON reads one JSON object with string values into dst, a pointer to a
// struct of strings, as strictjson.Read does.
func ReadJSON(text []byte, dst any) error {
	if strictjson.Read(text, dst) != nil {
		return errJSON
	}
	return nil
}
