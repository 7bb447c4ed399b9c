package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
)

// SecretSize is the size of a shared secret, bytes.
const SecretSize = 32

// Secret is shared by the issuer and one service. A holder can forge the service's answers. It prints as
// its name only.
type Secret struct {
	Key   string           // name: 1 to 32 of a-z, 0-9 and "-"
	bytes [SecretSize]byte // unexported: encoders of structs cannot read it
}

// NewSecret makes a secret from the system's random source.
func NewSecret(key string) Secret {
	s := Secret{Key: key}
	rand.Read(s.bytes[:])
	return s
}

// SecretOf makes a secret from existing bytes.
func SecretOf(key string, bytes [SecretSize]byte) Secret { return Secret{key, bytes} }

// Format hides the secret from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "secret "+s.Key) }

// check reports a fault of the secret.
func (s Secret) check() error {
	if !isKey(s.Key) {
		return errors.New("a secret's key must be 1 to 32 of a-z, 0-9 and \"-\"")
	}
	if s.bytes == ([SecretSize]byte{}) {
		return errors.New("a secret is all zeros")
	}
	return nil
}

const maxKey = 32

func isKey(text string) bool {
	return text != "" && len(text) <= maxKey && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// A secret file has three lines: the head, "key NAME" and "secret HEX". The head keeps an older word for
// provider, as the files in use do.
const (
	secretHead    = "railgate partner secret v1 (secret: signs for both sides)"
	maxSecretFile = 512 // bytes
)

// WriteSecret creates a file for [ReadSecret]. It never overwrites a file.
func WriteSecret(path string, s Secret) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("provider: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("provider: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\nkey %s\nsecret %s\n", secretHead, s.Key, hex.EncodeToString(s.bytes[:]))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// ReadSecret reads a secret file, which other users must not be able to read. Its errors never contain the
// file's content.
func ReadSecret(path string, trust ownfile.Trust) (Secret, error) {
	text, err := trust.ReadSecret(path, maxSecretFile, "make it 0600, and agree on a new secret if they could")
	if err != nil {
		return Secret{}, fmt.Errorf("provider: %w", err)
	}
	var s Secret
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[0] != secretHead || lines[3] != "" {
		return Secret{}, fmt.Errorf("provider: %s must have three lines, the first %q", path, secretHead)
	}
	key, named := strings.CutPrefix(lines[1], "key ")
	digits, given := strings.CutPrefix(lines[2], "secret ")
	if !named || !given || !readHex(s.bytes[:], digits) {
		return Secret{}, fmt.Errorf("provider: lines 2 and 3 of %s must be \"key NAME\" and \"secret\" with %d lower-case hex digits", path, 2*SecretSize)
	}
	s.Key = key
	if err := s.check(); err != nil {
		return Secret{}, fmt.Errorf("provider: %s: %w", path, err)
	}
	return s, nil
}

// maxSecrets allows the current secret and the next one.
const maxSecrets = 2

// The signed text begins with its kind: the signature of a request is never valid for an answer. The
// spellings are part of the protocol and keep an older word for provider.
const (
	requestDomain = "railgate-partner-request-v1"
	answerDomain  = "railgate-partner-answer-v1"
)

// Keyring are the secrets shared with one service. It signs with the first and verifies with all. It is
// immutable and safe for concurrent use.
type Keyring struct {
	secrets []Secret
}

// NewKeyring makes a keyring of one or two secrets; the first signs.
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
				faults = append(faults, errors.New("two secrets have the same name or the same bytes"))
			}
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Keyring{append([]Secret(nil), secrets...)}, nil
}

// Format hides the secrets from every verb of fmt.
func (k *Keyring) Format(f fmt.State, _ rune) { io.WriteString(f, "keyring") }

// SignRequest signs a POST of body to the escaped path of a URL, which never contains a line feed.
func (k *Keyring) SignRequest(path string, id ID, body []byte, now time.Time) Signature {
	return k.sign(requestDomain, http.MethodPost, path, id, body, now)
}

// SignAnswer signs an answer to a request.
func (k *Keyring) SignAnswer(request Signature, status int, body []byte, now time.Time) Signature {
	return k.sign(answerDomain, strconv.Itoa(status), hex.EncodeToString(request.MAC[:]), request.ID, body, now)
}

// VerifyRequest reports whether a holder of a secret signed the request within skew of now.
func (k *Keyring) VerifyRequest(s Signature, path string, body []byte, now time.Time, skew time.Duration) bool {
	return k.verify(s, requestDomain, http.MethodPost, path, body, now, skew)
}

// VerifyAnswer reports whether a holder of a secret signed the answer to this request within skew of now.
func (k *Keyring) VerifyAnswer(s, request Signature, status int, body []byte, now time.Time, skew time.Duration) bool {
	return s.ID == request.ID &&
		k.verify(s, answerDomain, strconv.Itoa(status), hex.EncodeToString(request.MAC[:]), body, now, skew)
}

func (k *Keyring) sign(domain, first, second string, id ID, body []byte, now time.Time) Signature {
	if strings.Contains(second, "\n") {
		panic("BUG: provider: a path with a line feed")
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
