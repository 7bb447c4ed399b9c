package keystore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/tokens"
)

// FirstTestKey is the first id reserved for keys of tests and load tests: no
// issuer made here has it or a higher one.
const FirstTestKey tokens.KeyID = 32768

// secretSize is that of every key kept here, bytes.
const secretSize = 32

// How the names of files of numbered keys end.
const (
	inUse   = ".key"
	retired = ".retired" // an issuer key whose secret is destroyed
	dropped = ".dropped" // a field key that is being destroyed
)

// kind is what a key file can be: its name, its head, its lines.
type kind struct {
	file       string // the name; how it begins if the keys of the kind are numbered
	what, does string
	number     string // the name of the number's line; empty: there is one key
	max        int
	secret     string // the name of the secret's line
	dated      bool   // a line says when the key was made, but in old files
}

var (
	vaultKind     = &kind{file: "vault.key", what: "vault master", does: "opens personal data", secret: "master"}
	authorityKind = &kind{file: "authority.key", what: "authority key", does: "signs the control stream", secret: "seed"}
	issuerKind    = &kind{file: "issuer-", what: "issuer key", does: "signs passes", number: "id", max: int(FirstTestKey) - 1, secret: "seed", dated: true}
	// 9999 field keys are one a day for 27 years.
	fieldKind = &kind{file: "vault-field-", what: "vault field key", does: "opens personal data", number: "number", max: 9999, secret: "secret"}
)

// kindOf tells by its name what a key file in use must be; nil if it is none.
func kindOf(name string) *kind {
	for _, k := range []*kind{vaultKind, authorityKind, issuerKind, fieldKind} {
		if name == k.file || k.number != "" && strings.HasPrefix(name, k.file) && strings.HasSuffix(name, inUse) {
			return k
		}
	}
	return nil
}

func (k *kind) name(n int, end string) string { return fmt.Sprintf("%s%d%s", k.file, n, end) }

// numberIn reads the number in a file's name, which has one spelling.
func (k *kind) numberIn(name, end string) (n int, ok bool) {
	digits, begins := strings.CutPrefix(name, k.file)
	digits, ends := strings.CutSuffix(digits, end)
	n, err := number(digits, k.max)
	return n, begins && ends && err == nil
}

// The first line of a key file says what it is, the version of its form, and, for
// whoever opens it by chance, that it is secret.
const (
	plainForm  = "v1 (secret"
	legacyForm = "v2 (sealed"
)

func (k *kind) head(form string) string {
	return "railgate " + k.what + " " + form + ": " + k.does + ")"
}

// key is what a key file holds.
type key struct {
	number  int
	secret  [secretSize]byte
	created time.Time // zero: not written down
}

// text writes a key file in the clear.
func (k *kind) text(v key) []byte {
	out := k.head(plainForm) + "\n"
	if k.number != "" {
		out += fmt.Sprintf("%s %d\n", k.number, v.number)
	}
	out += fmt.Sprintf("%s %x\n", k.secret, v.secret)
	if !v.created.IsZero() {
		out += "created " + v.created.Format(time.RFC3339) + "\n"
	}
	return []byte(out)
}

// parse reads a key file in the clear, which has one spelling. Errors name the line,
// never its content.
func (k *kind) parse(text []byte) (v key, err error) {
	names := []string{k.secret}
	if k.number != "" {
		names = slices.Insert(names, 0, k.number)
	}
	if dated := append(names, "created"); k.dated && strings.Count(string(text), "\n") > len(dated) {
		names = dated
	}
	values, err := split(text, k.head(plainForm), names...)
	if err != nil {
		return v, err
	}
	if k.number != "" {
		if v.number, err = number(values[0], k.max); err != nil {
			return v, k.misnamed()
		}
		values = values[1:]
	}
	raw, ok := lowerHex(values[0])
	if !ok || len(raw) != secretSize {
		return v, fmt.Errorf("%q must be 64 lower-case hex digits", k.secret)
	}
	v.secret = [secretSize]byte(raw)
	if len(values) > 1 {
		v.created, err = time.Parse(time.RFC3339, values[1])
		v.created = v.created.UTC().Truncate(time.Second)
		if err != nil || v.created.IsZero() || v.created.Format(time.RFC3339) != values[1] {
			return v, errors.New(`"created" must be a time like 2026-02-10T08:00:00Z`)
		}
	}
	return v, nil
}

// misnamed is also how a file that was put in the place of another is noticed.
func (k *kind) misnamed() error {
	return fmt.Errorf("the %s must be 1 to %d and that of the file name; a file that was renamed or exchanged is no good", k.number, k.max)
}

// split reads a head and exactly the named lines, in order.
func split(text []byte, head string, names ...string) ([]string, error) {
	lines := strings.Split(string(text), "\n")
	if lines[0] != head {
		return nil, fmt.Errorf("does not begin with the line %q", head)
	}
	if len(lines) != len(names)+2 || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("must have %d lines", len(names)+1)
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok {
			return nil, fmt.Errorf("line %d must be %q and a value", i+2, name)
		}
		values[i] = value
	}
	return values, nil
}

// number reads a whole number from 1 in its one spelling.
func number(text string, max int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > max || strconv.Itoa(n) != text {
		return 0, fmt.Errorf("must be 1 to %d", max)
	}
	return n, nil
}

func lowerHex(text string) ([]byte, bool) {
	raw, err := hex.DecodeString(text)
	return raw, err == nil && hex.EncodeToString(raw) == text
}
