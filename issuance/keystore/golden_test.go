package keystore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens/signing"
)

// The directories in testdata were made once and never again: what a key file was
// must be readable as long as there are key files. They hold toy secrets; the sealed
// ones, from before age and since, are the plain one under the passphrase of these
// tests, at full cost.
func TestFilesOfOldStillOpen(t *testing.T) {
	fill := func(b byte) (out [32]byte) {
		for i := range out {
			out[i] = b
		}
		return out
	}
	want := &Keys{
		Authority: signing.NewKey(fill(1)),
		Issuers: []Issuer{
			{7, signing.NewKey(fill(2)), time.Time{}},
			{8, signing.NewKey(fill(3)), time.Date(2026, 2, 10, 8, 0, 0, 0, time.UTC)},
		},
		Vault:     fill(4),
		FieldKeys: []vault.FieldKey{{Number: 1, Secret: fill(5)}},
	}
	for name, o := range map[string]Options{"plain": {}, "sealed": sealedBy, "age": sealedBy} {
		h := &system{t: t, dir: filepath.Join("testdata", name), made: want}
		if n := len(h.files()); n < 5 {
			t.Fatalf("%s: only %d files", name, n)
		}
		h = h.copy(t) // a checkout's permissions are not for keys
		got := h.opened(o)
		h.same(got)
		if got.IssuerID != 7 || got.Vault != want.Vault || got.FieldKeys[0] != want.FieldKeys[0] {
			t.Fatalf("%s: other keys", name)
		}
		if sealed := len(got.Plain()) == 0; sealed != (name != "plain") {
			t.Fatalf("%s: plain are %v", name, got.Plain())
		}
		if text := h.files()[sealFile]; name == "age" && !strings.Contains(strings.SplitAfter(text, "\n")[1], " 17\n") {
			t.Fatal("the cost is another")
		}
		if text, err := os.ReadFile(h.file(sealFile)); name == "sealed" {
			if err != nil || !strings.Contains(string(text), "kdf argon2id\ntime 3\nmemory 65536\nthreads 4\n") {
				t.Fatalf("the cost is another: %v", err)
			}
		}
	}
}

// oldSystem is a copy of a directory that the release before age made (commit 5b05d99):
// "plain", the same keys "sealed", and "resealing", whose Reseal from right to other was
// cut off. What the plain one holds is what the others must.
func oldSystem(t *testing.T, name string) *system {
	t.Helper()
	copied := func(name string) *system {
		h := &system{t: t, dir: filepath.Join("testdata", "argon2id", name)}
		return h.copy(t)
	}
	plain, h := copied("plain"), copied(name)
	h.learn(Options{}, plain.dir)
	return h
}

func TestDirectoryFromBeforeAgeIsReadAndRewritten(t *testing.T) {
	commands := map[string]struct {
		made string
		run  func(h *system) (Passphrase, error)
	}{
		"Seal":                          {"sealed", func(h *system) (Passphrase, error) { return right, Encrypt(h.dir, right) }},
		"Reseal":                        {"sealed", func(h *system) (Passphrase, error) { return other, ReEncrypt(h.dir, right, other) }},
		"Generate":                      {"sealed", func(h *system) (Passphrase, error) { _, err := sealedBy.Generate(h.dir, nil); return right, err }},
		"NewFieldKey":                   {"sealed", func(h *system) (Passphrase, error) { _, err := sealedBy.NewFieldKey(h.dir); return right, err }},
		"Seal what a Reseal has left":   {"resealing", func(h *system) (Passphrase, error) { return other, Encrypt(h.dir, other) }},
		"Reseal what a Reseal has left": {"resealing", func(h *system) (Passphrase, error) { return other, ReEncrypt(h.dir, right, other) }},
		"Seal what is plain":            {"plain", func(h *system) (Passphrase, error) { return right, Encrypt(h.dir, right) }},
	}
	for name, c := range commands {
		t.Run(name, func(t *testing.T) {
			h := oldSystem(t, c.made)
			if c.made != "plain" {
				k := openEither(t, h, right, other)
				h.same(k)
				told := strings.Join(k.Leftovers(), "\n")
				if !strings.Contains(told, "sealed by an older release") || strings.Contains(told, "Reseal was cut off") != (c.made == "resealing") {
					t.Fatalf("leftovers: %s", told)
				}
			}
			before := h.files()
			p, err := c.run(h)
			h.must(err)
			k := h.opened(Options{Passphrase: p})
			if len(k.Plain()) > 0 || len(k.Leftovers()) > 0 {
				t.Fatalf("plain %v, leftovers %v", k.Plain(), k.Leftovers())
			}
			h.holdsNoSecret()
			for name, text := range h.files() {
				if isKey := kindOf(name) != nil || name == sealFile; isKey && !strings.HasPrefix(text, ageHead) || !isKey && before[name] != text {
					t.Errorf("%s is as it should not be", name)
				}
			}
			k.Issuers, k.FieldKeys = k.Issuers[:2], k.FieldKeys[:2] // what was added comes last
			h.same(k)
		})
	}
}

// Neither needs the passphrase, whatever the form.
func TestKeysFromBeforeAgeGo(t *testing.T) {
	h := oldSystem(t, "sealed")
	h.must(Retire(h.dir, h.issuer(0)))
	h.must(DropFieldKey(h.dir, 1))
	k := h.opened(sealedBy)
	if len(k.Issuers) != 1 || k.Issuers[0].ID != h.issuer(1) || len(k.FieldKeys) != 1 || k.FieldKeys[0].Number != 2 {
		t.Fatalf("%+v", k)
	}
}
