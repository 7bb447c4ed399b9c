package provider

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/railgate/railgate/internal/strictjson"
)

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

// Read takes one request and reads its body into dst as ReadJSON does. Nothing
// of the body is looked at before its signature. The errors are those above.
func (v Receiver) Read(w http.ResponseWriter, r *http.Request, dst any) (Signature, error) {
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

// Answer sends a signed answer to a request that was verified.
func (v Receiver) Answer(w http.ResponseWriter, request Signature, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic("BUG: partner: an answer does not encode")
	}
	w.Header().Set(SignatureHeader, v.Keys.SignAnswer(request, status, body, v.Now()).String())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is not told
}

// Refuse answers what Read did not take: a status and nothing else, unsigned,
// for who asks may be anybody.
func (v Receiver) Refuse(w http.ResponseWriter, err error) {
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
