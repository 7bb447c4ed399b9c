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

// SignatureHeader is the name of the header with a [Signature].
const SignatureHeader = "Railgate-Signature"

// maxSignature bounds the header's value, bytes. Every valid one is shorter.
const maxSignature = 192

// maxSeconds is the last second of the year 9999. Later times are refused; computations with earlier ones
// cannot overflow.
const maxSeconds = 253402300799

// Signature is the value of the header. A parsed one is well-formed, and not trusted until a [Keyring] has
// verified it.
type Signature struct {
	Key     string
	Seconds int64 // Unix time of signing
	ID      ID
	MAC     [32]byte
}

// ParseSignature parses the canonical spelling of a signature.
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

// String returns the canonical spelling.
func (s Signature) String() string {
	return "v1;key=" + s.Key + ";time=" + strconv.FormatInt(s.Seconds, 10) + ";id=" + s.ID.String() + ";mac=" + hex.EncodeToString(s.MAC[:])
}

// signatureOf parses the header, which must appear exactly once: all readers of a message must use the same
// signature.
func signatureOf(h http.Header) (Signature, bool) {
	values := h.Values(SignatureHeader)
	if len(values) != 1 {
		return Signature{}, false
	}
	return ParseSignature(values[0])
}

// near reports whether the signature was made within skew of now, to the second.
func (s Signature) near(now time.Time, skew time.Duration) bool {
	apart := now.Sub(time.Unix(s.Seconds, 0)) // saturates, never overflows
	return apart >= -skew && apart < skew+time.Second
}

// signedLines returns the signed text. No part can contain a line feed: two messages never share a text.
func (s Signature) signedLines(domain, first, second string, bodySum [32]byte) []byte {
	var b bytes.Buffer
	for _, line := range []string{domain, s.Key, strconv.FormatInt(s.Seconds, 10), s.ID.String(), first, second, hex.EncodeToString(bodySum[:])} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// ID identifies a request. A repetition of the request has the same id; another request never has.
type ID [16]byte

// NewID returns a random id, which cannot be guessed.
func NewID() (id ID) {
	rand.Read(id[:]) // never fails: the program ends instead
	return id
}

// ParseID parses the canonical spelling of an id.
func ParseID(text string) (id ID, ok bool) { return id, readHex(id[:], text) }

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// readHex decodes text into dst; text must have exactly as many lower-case hex digits.
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

// The errors of [Receiver.ReadRequest].
var (
	ErrMethod    = errors.New("provider: not a POST")
	ErrSize      = errors.New("provider: the body is too large")
	ErrTruncated = errors.New("provider: the connection broke in the body")
	ErrSignature = errors.New("provider: not signed with a shared secret, or at a time too far from this clock")
	ErrFormat    = errors.New("provider: not a request of this protocol")
)

// Receiver is the server side of the protocol. Its fields must not change while it serves.
type Receiver struct {
	Keys *Keyring
	// Path is the escaped path of the URL that the sender uses. A proxy may change the path that arrives
	// here.
	Path string
	Skew time.Duration
	Now  func() time.Time
	// MaxBody bounds a request, bytes.
	MaxBody int64
}

// ReadRequest verifies one request and decodes its body into dst as [ReadJSON] does. The signature is
// verified before the body is decoded. It returns one of the errors above.
func (v Receiver) ReadRequest(w http.ResponseWriter, r *http.Request, dst any) (Signature, error) {
	if r.Method != http.MethodPost {
		return Signature{}, ErrMethod
	}
	// The header is checked first: the body of an unsigned request is not read.
	s, ok := signatureOf(r.Header)
	if !ok || !s.near(v.Now(), v.Skew) {
		return Signature{}, ErrSignature
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, v.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return Signature{}, ErrSize
	}
	if err != nil {
		return Signature{}, ErrTruncated
	}
	if !v.Keys.VerifyRequest(s, v.Path, body, v.Now(), v.Skew) {
		return Signature{}, ErrSignature
	}
	if !strictjson.Declared(r.Header) || ReadJSON(body, dst) != nil {
		return s, ErrFormat
	}
	return s, nil
}

// WriteAnswer sends a signed answer to a verified request.
func (v Receiver) WriteAnswer(w http.ResponseWriter, request Signature, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic("BUG: provider: an answer does not encode")
	}
	w.Header().Set(SignatureHeader, v.Keys.SignAnswer(request, status, body, v.Now()).String())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that disconnected gets no answer
}

// WriteError answers a request that ReadRequest refused: a status only, unsigned, because the caller is not
// authenticated.
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

// errJSON does not quote the text, which may be personal data.
var errJSON = errors.New("provider: not the JSON object of this protocol")

// ReadJSON decodes one JSON object with string values into dst, a pointer to a struct of strings, as
// strictjson.Read does.
func ReadJSON(text []byte, dst any) error {
	if strictjson.Read(text, dst) != nil {
		return errJSON
	}
	return nil
}
