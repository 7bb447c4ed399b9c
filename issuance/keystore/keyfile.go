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

// FirstTestKey is the first id reserved for keys of tests and load tests. Init and Generate use only lower ids.
const FirstTestKey tokens.KeyID = 32768

// secretSize is the size of every stored key, bytes.
const secretSize = 32

// Suffixes of the files of numbered keys.
const (
	inUse   = ".key"
	retired = ".retired" // an issuer key whose secret is destroyed
	dropped = ".dropped" // a field key whose destruction is in progress
)

// kind is a kind of key file: its name, its head, its lines.
type kind struct {
	file       string // the file name, or its prefix if the keys of the kind are numbered
	what, does string
	number     string // name of the line with the number; empty: there is one key
	max        int    // highest number
	secret     string // name of the line with the secret
	dated      bool   // a line contains the creation time, except in old files
}

var (
	vaultKind     = &kind{file: "vault.key", what: "vault master", does: "opens personal data", secret: "master"}
	authorityKind = &kind{file: "authority.key", what: "authority key", does: "signs the control stream", secret: "seed"}
	issuerKind    = &kind{file: "issuer-", what: "issuer key", does: "signs passes", number: "id", max: int(FirstTestKey) - 1, secret: "seed", dated: true}
	// 9999 field keys are enough for one a day for 27 years.
	fieldKind = &kind{file: "vault-field-", what: "vault field key", does: "opens personal data", number: "number", max: 9999, secret: "secret"}
)

// kindOf returns the kind of a key file in use by its name; nil for other files.
func kindOf(name string) *kind {
	for _, k := range []*kind{vaultKind, authorityKind, issuerKind, fieldKind} {
		if name == k.file || k.number != "" && strings.HasPrefix(name, k.file) && strings.HasSuffix(name, inUse) {
			return k
		}
	}
	return nil
}

func (k *kind) name(n int, end string) string { return fmt.Sprintf("%s%d%s", k.file, n, end) }

// numberIn parses the number in a file's name, in its canonical spelling.
func (k *kind) numberIn(name, end string) (n int, ok bool) {
	digits, begins := strings.CutPrefix(name, k.file)
	digits, ends := strings.CutSuffix(digits, end)
	n, err := number(digits, k.max)
	return n, begins && ends && err == nil
}

// The first line of a key file names its kind, the version of its format, and a warning that it is secret.
const (
	plainForm  = "v1 (secret"
	legacyForm = "v2 (sealed"
)

func (k *kind) head(form string) string {
	return "railgate " + k.what + " " + form + ": " + k.does + ")"
}

// key is the content of a key file.
type key struct {
	number  int
	secret  [secretSize]byte
	created time.Time // zero: unknown
}

// text returns the unencrypted text of a key file.
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

// parse parses the unencrypted text of a key file, in its canonical spelling. Errors name the line, never its
// content.
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

// misnamed is the error of a wrong number, also of a file that replaces another.
func (k *kind) misnamed() error {
	return fmt.Errorf("the %s must be 1 to %d and equal to the one in the file name; the file was renamed or exchanged", k.number, k.max)
}

// split parses a head and exactly the named lines, in order.
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

// number parses an integer from 1 to max in its canonical spelling.
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
