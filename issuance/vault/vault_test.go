package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/identity"
)

var master = Master{1, 2, 3, 31: 9}

var home = Place{"applications", "number", "app_1"}

func TestFieldIsDecryptedAtItsPlace(t *testing.T) {
	v := New(master)
	for _, plain := range []string{"", "x", "110105199003074616", strings.Repeat("测", 1000)} {
		encrypted := v.Encrypt([]byte(plain), home)
		got, err := New(master).Decrypt(encrypted, home)
		if err != nil || string(got) != plain {
			t.Fatalf("%d bytes: %v", len(plain), err)
		}
		if len(plain) > 1 && bytes.Contains(encrypted, []byte(plain)) {
			t.Fatal("the field contains the plain text")
		}
		if again := v.Encrypt([]byte(plain), home); bytes.Equal(again, encrypted) {
			t.Fatal("two encryptions of one value are equal")
		}
	}
}

func TestFieldIsNotDecryptedAtAnotherPlace(t *testing.T) {
	v := New(master)
	encrypted := v.Encrypt([]byte("value"), home)
	for _, p := range []Place{
		{"sessions", "number", "app_1"}, {"applications", "name", "app_1"}, {"applications", "number", "app_2"},
		{"applicationsnumber", "", "app_1"}, {"applications", "numberapp", "_1"}, {},
	} {
		if _, err := v.Decrypt(encrypted, p); !errors.Is(err, ErrAltered) {
			t.Errorf("decrypted at %+v: %v", p, err)
		}
	}
	if _, err := New(Master{4}).Decrypt(encrypted, home); !errors.Is(err, ErrKey) {
		t.Errorf("with another master: %v", err)
	}
}

func TestAlteredFieldIsRefused(t *testing.T) {
	v := New(master)
	encrypted := v.Encrypt([]byte("value"), home)
	for i := range encrypted {
		for bit := range 8 {
			bad := bytes.Clone(encrypted)
			bad[i] ^= 1 << bit
			if _, err := v.Decrypt(bad, home); err == nil {
				t.Fatalf("decrypted with bit %d of byte %d flipped", bit, i)
			}
		}
		if _, err := v.Decrypt(encrypted[:i], home); err == nil {
			t.Fatalf("decrypted the first %d bytes", i)
		}
	}
	if _, err := v.Decrypt(append(bytes.Clone(encrypted), 0), home); err == nil {
		t.Fatal("decrypted with an extra byte")
	}
}

func TestPersonHashDependsOnDocumentAndNumber(t *testing.T) {
	v := New(master)
	a := v.Person(identity.ResidentID, "110105199003074616")
	if a != New(master).Person(identity.ResidentID, "110105199003074616") {
		t.Fatal("one person has two hashes")
	}
	if a == v.Person(2, "110105199003074616") || a == v.Person(identity.ResidentID, "11010519491231002X") ||
		a == New(Master{4}).Person(identity.ResidentID, "110105199003074616") {
		t.Fatal("two persons, or two masters, have one hash")
	}
}

// The expected subject is computed from the documentation with the standard library only.
func TestSubjectFollowsItsFormula(t *testing.T) {
	mac := func(key, message []byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(message)
		return h.Sum(nil)
	}
	subjectKey, err := hkdf.Key(sha256.New, master[:], nil, "railgate/vault/subject/v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	dayKey := mac(subjectKey, append([]byte("railgate/subject/v1"), 0x50, 0x0e))
	want := mac(dayKey, append([]byte{1}, "110105199003074616"...))[:8]

	v := New(master)
	got := v.Subject(0x500e, identity.ResidentID, "110105199003074616")
	if got.String() != hex.EncodeToString(want) {
		t.Fatalf("subject %s, want %x", got, want)
	}
	if v.Subject(0x500f, identity.ResidentID, "110105199003074616") == got {
		t.Fatal("two days have one pseudonym")
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	m := NewMaster()
	k := Key(m)
	secret := hex.EncodeToString(m[:])
	for _, verb := range []string{"%v", "%s", "%x", "%X", "%d", "%q", "%+v", "%#v"} {
		for _, value := range []any{m, &m, struct{ M Master }{m}, k, &k, FieldKey{1, k}, []FieldKey{{2, k}}} {
			got := strings.ToLower(fmt.Sprintf(verb, value))
			if strings.Contains(got, secret[:8]) || strings.Contains(got, fmt.Sprintf("%d %d", m[0], m[1])) ||
				!strings.Contains(got, "private") {
				t.Errorf("%s of %T prints the secret", verb, value)
			}
		}
	}
}
