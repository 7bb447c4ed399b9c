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

// The directories in testdata are never regenerated: every later version must read them. They contain test
// secrets. The encrypted ones, in the legacy and the current format, are the plain one with the passphrase of these
// tests, at full cost.
func TestExistingDirectoriesStillOpen(t *testing.T) {
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
	for name, o := range map[string]Options{"plain": {}, "sealed": withPassphrase, "age": withPassphrase} {
		h := &harness{t: t, dir: filepath.Join("testdata", name), made: want}
		if n := len(h.files()); n < 5 {
			t.Fatalf("%s: only %d files", name, n)
		}
		h = h.copy(t) // a checkout has wrong permissions for keys
		got := h.mustOpen(o)
		h.checkSame(got)
		if got.IssuerID != 7 || got.Vault != want.Vault || got.FieldKeys[0] != want.FieldKeys[0] {
			t.Fatalf("%s: different keys", name)
		}
		if encrypted := len(got.Plain()) == 0; encrypted != (name != "plain") {
			t.Fatalf("%s: plain files %v", name, got.Plain())
		}
		if text := h.files()[sealFile]; name == "age" && !strings.Contains(strings.SplitAfter(text, "\n")[1], " 17\n") {
			t.Fatal("the work factor differs")
		}
		if text, err := os.ReadFile(h.file(sealFile)); name == "sealed" {
			if err != nil || !strings.Contains(string(text), "kdf argon2id\ntime 3\nmemory 65536\nthreads 4\n") {
				t.Fatalf("the cost differs: %v", err)
			}
		}
	}
}

// oldHarness is a copy of a directory in the legacy format, made by commit 5b05d99: "plain", the same keys encrypted,
// and a third, whose re-encryption from right to other was interrupted. All contain the keys of the plain one.
func oldHarness(t *testing.T, name string) *harness {
	t.Helper()
	copied := func(name string) *harness {
		h := &harness{t: t, dir: filepath.Join("testdata", "argon2id", name)}
		return h.copy(t)
	}
	plain, h := copied("plain"), copied(name)
	h.readSecrets(Options{}, plain.dir)
	return h
}

func TestLegacyDirectoryIsReadAndConverted(t *testing.T) {
	commands := map[string]struct {
		made string
		run  func(h *harness) (Passphrase, error)
	}{
		"Encrypt":     {"sealed", func(h *harness) (Passphrase, error) { return right, Encrypt(h.dir, right) }},
		"ReEncrypt":   {"sealed", func(h *harness) (Passphrase, error) { return other, ReEncrypt(h.dir, right, other) }},
		"Generate":    {"sealed", func(h *harness) (Passphrase, error) { _, err := withPassphrase.Generate(h.dir, nil); return right, err }},
		"NewFieldKey": {"sealed", func(h *harness) (Passphrase, error) { _, err := withPassphrase.NewFieldKey(h.dir); return right, err }},
		"Encrypt after an interrupted re-encryption":   {"resealing", func(h *harness) (Passphrase, error) { return other, Encrypt(h.dir, other) }},
		"ReEncrypt after an interrupted re-encryption": {"resealing", func(h *harness) (Passphrase, error) { return other, ReEncrypt(h.dir, right, other) }},
		"Encrypt a plain directory":                    {"plain", func(h *harness) (Passphrase, error) { return right, Encrypt(h.dir, right) }},
	}
	for name, c := range commands {
		t.Run(name, func(t *testing.T) {
			h := oldHarness(t, c.made)
			if c.made != "plain" {
				k := openEither(t, h, right, other)
				h.checkSame(k)
				leftovers := strings.Join(k.Leftovers(), "\n")
				if !strings.Contains(leftovers, "encrypted by an older release") || strings.Contains(leftovers, "a re-encryption was interrupted") != (c.made == "resealing") {
					t.Fatalf("leftovers: %s", leftovers)
				}
			}
			before := h.files()
			p, err := c.run(h)
			h.must(err)
			k := h.mustOpen(Options{Passphrase: p})
			if len(k.Plain()) > 0 || len(k.Leftovers()) > 0 {
				t.Fatalf("plain %v, leftovers %v", k.Plain(), k.Leftovers())
			}
			h.checkNoPlainSecret()
			for name, text := range h.files() {
				if isKey := kindOf(name) != nil || name == sealFile; isKey && !strings.HasPrefix(text, ageHead) || !isKey && before[name] != text {
					t.Errorf("%s has a wrong form", name)
				}
			}
			k.Issuers, k.FieldKeys = k.Issuers[:2], k.FieldKeys[:2] // added keys come last
			h.checkSame(k)
		})
	}
}

// Retire and DropFieldKey need no passphrase in the legacy format.
func TestLegacyKeysAreRetiredAndDropped(t *testing.T) {
	h := oldHarness(t, "sealed")
	h.must(Retire(h.dir, h.issuer(0)))
	h.must(DropFieldKey(h.dir, 1))
	k := h.mustOpen(withPassphrase)
	if len(k.Issuers) != 1 || k.Issuers[0].ID != h.issuer(1) || len(k.FieldKeys) != 1 || k.FieldKeys[0].Number != 2 {
		t.Fatalf("%+v", k)
	}
}
