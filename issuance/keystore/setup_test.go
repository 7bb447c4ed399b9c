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

var withPassphrase = Options{Passphrase: right}

func TestMain(m *testing.M) {
	if os.Getenv(moduleChild) != "" {
		runModule(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	workFactor = 1 // the tests make thousands of runs
	var mu sync.Mutex
	known := make(map[string][]byte) // legacy directories require argon2id's full cost
	argon = func(password, salt []byte, time, memory uint32, threads uint8, size uint32) []byte {
		mu.Lock()
		defer mu.Unlock()
		input := fmt.Sprintf("%x %x %d %d %d %d", password, salt, time, memory, threads, size)
		if known[input] == nil {
			known[input] = argon2.IDKey(password, salt, time, memory, threads, size)
		}
		return known[input]
	}
	os.Exit(m.Run())
}

// harness is a directory with every kind of file, and its secrets.
type harness struct {
	t       *testing.T
	dir     string
	made    *Keys
	secrets []string // hex, as in the files
}

// build makes a directory with two issuer keys, a retired one and two field keys.
func build(t *testing.T, o Options) *harness {
	t.Helper()
	h := &harness{t: t, dir: filepath.Join(t.TempDir(), "keys")}
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
	first := h.mustOpen(o)
	h.must(Retire(h.dir, first.Issuers[0].ID))
	h.readSecrets(o, h.dir)
	return h
}

// readSecrets reads the keys and secrets of the directory.
func (h *harness) readSecrets(o Options, dir string) {
	h.t.Helper()
	d, err := o.openDirectory(dir, false)
	h.must(err)
	defer d.unlock()
	h.made, err = d.openKeys()
	h.must(err)
	for _, name := range d.keys() {
		v, _, err := d.readKey(name)
		h.must(err)
		h.secrets = append(h.secrets, hex.EncodeToString(v.secret[:]))
	}
	if d.keySet != nil {
		h.secrets = append(h.secrets, d.keySet.keys[0].String(), d.keySet.keys[0].Recipient().String())
	}
}

func (h *harness) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// copy copies the directory, for changes.
func (h *harness) copy(t *testing.T) *harness {
	t.Helper()
	twin := *h
	twin.t, twin.dir = t, filepath.Join(t.TempDir(), "keys")
	h.must(os.Mkdir(twin.dir, 0o700))
	for name, text := range h.files() {
		h.must(os.WriteFile(twin.file(name), []byte(text), 0o600))
	}
	return &twin
}

func (h *harness) file(name string) string { return filepath.Join(h.dir, name) }

func (h *harness) files() map[string]string {
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

func (h *harness) names() []string { return slices.Sorted(maps.Keys(h.files())) }

func (h *harness) issuer(n int) tokens.KeyID { return h.made.Issuers[n].ID }

// wantError asserts that there is an error, that it contains want, and that it contains no secret.
func (h *harness) wantError(err error, want string) {
	h.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		h.t.Fatalf("%v, want an error with %q", err, want)
	}
	h.checkNoSecret(err.Error())
}

// mustOpen returns the keys of the directory.
func (h *harness) mustOpen(o Options) *Keys {
	h.t.Helper()
	k, err := o.Open(h.dir)
	h.must(err)
	return k
}

// mustNotOpen asserts that Open fails with an error.
func (h *harness) mustNotOpen(o Options, want string) {
	h.t.Helper()
	_, err := o.Open(h.dir)
	h.wantError(err, want)
}

func (h *harness) checkNoSecret(text string) {
	h.t.Helper()
	text = strings.ToLower(text)
	for _, s := range append(h.secrets, string(right), string(other)) {
		if strings.Contains(text, strings.ToLower(distinctive(s))) {
			h.t.Fatalf("the text contains a secret: %s", text)
		}
	}
}

// checkNoPlainSecret asserts that no file contains an unencrypted secret.
func (h *harness) checkNoPlainSecret() {
	h.t.Helper()
	for name, text := range h.files() {
		for _, s := range h.secrets {
			if strings.Contains(text, s) {
				h.t.Fatalf("%s contains an unencrypted secret", name)
			}
		}
	}
}

// checkSame asserts that the keys are those of the setup, in any files.
func (h *harness) checkSame(got *Keys) {
	h.t.Helper()
	if a, b := summary(got), summary(h.made); a != b {
		h.t.Fatalf("different keys: %s, want %s", a, b)
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

// distinctive is a part of a secret that appears in no other text: the prefix of every age key is not secret.
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
