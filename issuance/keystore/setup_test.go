package keystore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/railgate/railgate/tokens"
)

const (
	right Passphrase = "correct horse battery"
	other Passphrase = "penguin staple battery"
)

var sealedBy = Options{Passphrase: right}

func TestMain(m *testing.M) {
	if os.Getenv(moduleChild) != "" {
		beModule(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	workFactor = 1 // thousands of runs, each a moment
	var mu sync.Mutex
	known := make(map[string][]byte) // old directories ask for argon2id's full cost
	argon = func(password, salt []byte, time, memory uint32, threads uint8, size uint32) []byte {
		mu.Lock()
		defer mu.Unlock()
		asked := fmt.Sprintf("%x %x %d %d %d %d", password, salt, time, memory, threads, size)
		if known[asked] == nil {
			known[asked] = argon2.IDKey(password, salt, time, memory, threads, size)
		}
		return known[asked]
	}
	os.Exit(m.Run())
}

// system is a directory with every kind of file, and what is known of its secrets.
type system struct {
	t       *testing.T
	dir     string
	made    *Keys
	secrets []string // hex, as files would have them
}

// build makes a directory with two issuer keys, a retired one and two field keys.
func build(t *testing.T, o Options) *system {
	t.Helper()
	h := &system{t: t, dir: filepath.Join(t.TempDir(), "keys")}
	day := time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { day = day.Add(time.Hour); return day }
	_, err := o.Init(h.dir)
	h.must(err)
	for range 2 {
		_, err = o.Generate(h.dir, nil)
		h.must(err)
		_, err = o.NewFieldKey(h.dir)
		h.must(err)
	}
	first := h.opened(o)
	h.must(Retire(h.dir, first.Issuers[0].ID))
	h.learn(o, h.dir)
	return h
}

// learn reads what the directory must hold, and which secrets.
func (h *system) learn(o Options, dir string) {
	h.t.Helper()
	d, err := o.enter(dir, false)
	h.must(err)
	defer d.leave()
	h.made, err = d.openKeys()
	h.must(err)
	for _, name := range d.keys() {
		v, _, err := d.read(name)
		h.must(err)
		h.secrets = append(h.secrets, hex.EncodeToString(v.secret[:]))
	}
	if d.seal != nil {
		h.secrets = append(h.secrets, d.seal.keys[0].String(), d.seal.keys[0].Recipient().String())
	}
}

func (h *system) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// copy is the same directory elsewhere, to be spoilt.
func (h *system) copy(t *testing.T) *system {
	t.Helper()
	twin := *h
	twin.t, twin.dir = t, filepath.Join(t.TempDir(), "keys")
	h.must(os.Mkdir(twin.dir, 0o700))
	for name, text := range h.files() {
		h.must(os.WriteFile(twin.file(name), []byte(text), 0o600))
	}
	return &twin
}

func (h *system) file(name string) string { return filepath.Join(h.dir, name) }

func (h *system) files() map[string]string {
	h.t.Helper()
	entries, err := os.ReadDir(h.dir)
	h.must(err)
	out := make(map[string]string)
	for _, e := range entries {
		text, err := os.ReadFile(h.file(e.Name()))
		h.must(err)
		out[e.Name()] = string(text)
	}
	return out
}

func (h *system) names() []string { return slices.Sorted(maps.Keys(h.files())) }

func (h *system) issuer(n int) tokens.KeyID { return h.made.Issuers[n].ID }

// refuses asserts that an error came, that it is about want, and that it tells no
// secret.
func (h *system) refuses(err error, want string) {
	h.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		h.t.Fatalf("%v, want something about %q", err, want)
	}
	h.tellsNothing(err.Error())
}

// opened are the keys, which must open.
func (h *system) opened(o Options) *Keys {
	h.t.Helper()
	k, err := o.Open(h.dir)
	h.must(err)
	return k
}

// shut asserts that the keys do not open, and why.
func (h *system) shut(o Options, want string) {
	h.t.Helper()
	_, err := o.Open(h.dir)
	h.refuses(err, want)
}

func (h *system) tellsNothing(text string) {
	h.t.Helper()
	text = strings.ToLower(text)
	for _, s := range append(h.secrets, string(right), string(other)) {
		if strings.Contains(text, strings.ToLower(distinctive(s))) {
			h.t.Fatalf("a secret is told: %s", text)
		}
	}
}

// holdsNoSecret looks for secrets in the clear in every file.
func (h *system) holdsNoSecret() {
	h.t.Helper()
	for name, text := range h.files() {
		for _, s := range h.secrets {
			if strings.Contains(text, s) {
				h.t.Fatalf("%s holds a secret in the clear", name)
			}
		}
	}
}

// same asserts that the keys are those that were made, whatever file they lie in.
func (h *system) same(got *Keys) {
	h.t.Helper()
	if a, b := summary(got), summary(h.made); a != b {
		h.t.Fatalf("other keys: %s, want %s", a, b)
	}
}

func summary(k *Keys) string {
	out := fmt.Sprintf("authority %x", k.Authority.Public())
	for _, i := range k.Issuers {
		out += fmt.Sprintf(", issuer %d %x %s", i.ID, i.Signer.Public(), i.Created)
	}
	out += fmt.Sprintf(", vault %x", k.Vault.FieldKeyID())
	for _, f := range k.FieldKeys {
		out += fmt.Sprintf(", field %d %x", f.Number, f.ID())
	}
	return out
}

// distinctive is a part of a secret that stands in nothing else: what begins every age
// key is no secret.
func distinctive(secret string) string {
	for _, begins := range []string{"AGE-SECRET-KEY-1", "age1"} {
		secret = strings.TrimPrefix(secret, begins)
	}
	return secret[:8]
}

func fieldFile(n int) string { return fieldKind.name(n, inUse) }

func noneTaken(tokens.KeyID) bool { return false }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
