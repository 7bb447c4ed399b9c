package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxSecrets is one in use and one to change to.
const maxSecrets = 2

// What is signed begins with its kind, so that a request can never serve as an
// answer.
const (
	requestDomain = "railgate-partner-request-v1"
	answerDomain  = "railgate-partner-answer-v1"
)

// Keyring is the secrets shared with one service. It signs with the first and
// knows them all. It never changes: safe for many goroutines at once.
type Keyring struct {
	secrets []Secret
}

// NewKeyring takes one secret or two; the first signs.
func NewKeyring(secrets ...Secret) (*Keyring, error) {
	var faults []error
	if len(secrets) < 1 || len(secrets) > maxSecrets {
		faults = append(faults, fmt.Errorf("there must be 1 or %d secrets", maxSecrets))
	}
	for i, s := range secrets {
		if err := s.check(); err != nil {
			faults = append(faults, err)
		}
		for _, other := range secrets[:i] {
			if s.Key == other.Key || s.bytes == other.bytes {
				faults = append(faults, errors.New("two secrets have the same key or are the same"))
			}
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Keyring{append([]Secret(nil), secrets...)}, nil
}

// Format prints no secret, whatever the verb.
func (k *Keyring) Format(f fmt.State, _ rune) { io.WriteString(f, "keyring") }

// SignRequest signs a POST of body to a URL's escaped path, which must hold no
// line feed (no URL's does).
func (k *Keyring) SignRequest(path string, id ID, body []byte, now time.Time) Signature {
	return k.sign(requestDomain, http.MethodPost, path, id, body, now)
}

// SignAnswer signs an answer to a request.
func (k *Keyring) SignAnswer(request Signature, status int, body []byte, now time.Time) Signature {
	return k.sign(answerDomain, strconv.Itoa(status), hex.EncodeToString(request.MAC[:]), request.ID, body, now)
}

// VerifyRequest reports whether a holder of a secret signed the request within
// skew of now.
func (k *Keyring) VerifyRequest(s Signature, path string, body []byte, now time.Time, skew time.Duration) bool {
	return k.verify(s, requestDomain, http.MethodPost, path, body, now, skew)
}

// VerifyAnswer reports whether a holder of a secret signed the answer within
// skew of now, and to this request.
func (k *Keyring) VerifyAnswer(s, request Signature, status int, body []byte, now time.Time, skew time.Duration) bool {
	return s.ID == request.ID &&
		k.verify(s, answerDomain, strconv.Itoa(status), hex.EncodeToString(request.MAC[:]), body, now, skew)
}

func (k *Keyring) sign(domain, first, second string, id ID, body []byte, now time.Time) Signature {
	if strings.Contains(second, "\n") {
		panic("BUG: partner: a path with a line feed")
	}
	s := Signature{Key: k.secrets[0].Key, Seconds: now.Unix(), ID: id}
	s.MAC = k.secrets[0].mac(s.signedLines(domain, first, second, sha256.Sum256(body)))
	return s
}

func (k *Keyring) verify(s Signature, domain, first, second string, body []byte, now time.Time, skew time.Duration) bool {
	if !s.near(now, skew) {
		return false
	}
	for _, secret := range k.secrets {
		if secret.Key == s.Key {
			mac := secret.mac(s.signedLines(domain, first, second, sha256.Sum256(body)))
			return hmac.Equal(mac[:], s.MAC[:])
		}
	}
	return false
}

func (s Secret) mac(text []byte) (mac [32]byte) {
	h := hmac.New(sha256.New, s.bytes[:])
	h.Write(text)
	h.Sum(mac[:0])
	return mac
}
