package keystore

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// The old key signs until it is retired; then the new one does.
func TestIssuerKeyIsRotated(t *testing.T) {
	h := initialize(t)
	dir, made := h.dir, h.made
	later := time.Date(2100, 1, 1, 0, 0, 0, 5e8, time.UTC)
	next, err := Options{Now: func() time.Time { return later }}.Generate(dir, nil)
	if err != nil || next.ID == made.IssuerID || !next.Created.Equal(later.Truncate(time.Second)) {
		t.Fatalf("%+v: %v", next, err)
	}
	both := h.mustOpen(Options{})
	if len(both.Issuers) != 2 || both.IssuerID != made.IssuerID || both.Issuer.Public() != made.Issuer.Public() ||
		both.Issuers[1].ID != next.ID || both.Issuers[1].Signer.Public() != next.Signer.Public() || both.Issuers[1].Created != next.Created {
		t.Fatal("the older key does not sign, or the new one changed")
	}
	h.must(Retire(dir, made.IssuerID))
	if after := h.mustOpen(Options{}); len(after.Issuers) != 1 || after.IssuerID != next.ID || len(after.Leftovers()) > 0 {
		t.Fatalf("%v", after)
	}
	h.must(Retire(dir, made.IssuerID)) // again
	h.wantError(Retire(dir, next.ID), "only issuer key")
	if err := Retire(dir, next.ID^made.IssuerID^1); err == nil {
		t.Fatal("retired a key that does not exist")
	}
}

// Ids are never reused: neither one that was in the directory nor one that the caller passes.
func TestGenerateUsesANewID(t *testing.T) {
	h := initialize(t)
	dir, made := h.dir, h.made
	const gone, free tokens.KeyID = 11, 12
	taken := make(map[tokens.KeyID]bool)
	for id := range FirstTestKey {
		taken[id] = id != made.IssuerID && id != gone && id != free
	}
	h.must(os.WriteFile(h.file(retiredFile(gone)), retiredText(gone), 0o600))
	if made.IssuerID == free || made.IssuerID == gone {
		t.Skip("one draw in 16384")
	}
	next, err := Options{}.Generate(dir, taken)
	if err != nil || next.ID != free {
		t.Fatalf("id %d: %v", next.ID, err)
	}
	_, err = Options{}.Generate(dir, taken)
	h.wantError(err, "every id is taken")
}

// A key file of a retired id that was restored from a backup must not sign again.
func TestRestoredFileOfARetiredKeyIsRefused(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(0)
	was := h.files()[issuerFile(id)]
	h.must(Retire(h.dir, id))
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	h.mustNotOpen(Options{}, "retired id")
	h.must(Retire(h.dir, id))
	k := h.mustOpen(Options{})
	if len(k.Issuers) != 1 || exists(h.file(issuerFile(id))) {
		t.Fatal("the retired key still exists")
	}
	// A restored key does not count as another key that allows the last one to be retired.
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	h.wantError(Retire(h.dir, h.issuer(1)), "only issuer key")
}

// A new key is protected like the existing ones, or refused.
func TestNewKeysAreProtectedLikeTheOthers(t *testing.T) {
	plain, encrypted := build(t, Options{}), build(t, withPassphrase)
	for _, add := range []func(Options, string) error{
		func(o Options, dir string) error { _, err := o.Generate(dir, nil); return err },
		func(o Options, dir string) error { _, err := o.NewFieldKey(dir); return err },
	} {
		plain.wantError(add(withPassphrase, plain.dir), "encrypt it first")
		encrypted.wantError(add(Options{}, encrypted.dir), "no passphrase was given")
		empty := t.TempDir()
		plain.must(os.Chmod(empty, 0o700))
		plain.wantError(add(Options{}, empty), "run Init first")
	}
	if len(plain.names()) != len(encrypted.names())-1 {
		t.Fatal("a refused key was made")
	}
}

// Keys of versions that did not store the creation time are the oldest.
func TestKeyWithoutCreationTimeIsTheOldest(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(1)
	lines := strings.SplitAfter(h.files()[issuerFile(id)], "\n")
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(strings.Join(lines[:3], "")), 0o600))
	k := h.mustOpen(Options{})
	if k.IssuerID != id || !k.Issuers[0].Created.IsZero() {
		t.Fatalf("the oldest is %d, created %s", k.IssuerID, k.Issuers[0].Created)
	}
}

// Fields of the old key are re-encrypted with the new one, and then the old key can be dropped.
func TestFieldKeyIsRotated(t *testing.T) {
	h := initialize(t)
	dir, made := h.dir, h.made
	at := vault.Place{Table: "applications", Column: "name", Row: "app_1"}
	old := vault.New(made.Vault, made.FieldKeys...).Encrypt([]byte("value"), at)
	for want := 1; want <= 2; want++ {
		if n, err := (Options{}).NewFieldKey(dir); err != nil || n != want {
			t.Fatalf("number %d: %v", n, err)
		}
		keys := h.mustOpen(Options{})
		if len(keys.FieldKeys) != want || keys.Vault != made.Vault {
			t.Fatalf("%d field keys", len(keys.FieldKeys))
		}
		v := vault.New(keys.Vault, keys.FieldKeys...)
		if !v.Stale(old) {
			t.Fatal("not stale with a new key")
		}
		var err error
		old, err = v.ReEncrypt(old, at)
		h.must(err)
	}
	h.wantError(DropFieldKey(dir, 2), "newest") // the key that encrypts
	h.must(DropFieldKey(dir, 1))
	keys := h.mustOpen(Options{})
	if len(keys.FieldKeys) != 1 || keys.FieldKeys[0].Number != 2 {
		t.Fatalf("%d field keys", len(keys.FieldKeys))
	}
	if got, err := vault.New(keys.Vault, keys.FieldKeys...).Decrypt(old, at); err != nil || string(got) != "value" {
		t.Fatalf("%v", err)
	}
	if _, err := vault.New(keys.Vault).Decrypt(old, at); !errors.Is(err, vault.ErrKey) {
		t.Fatalf("decrypted without the field key: %v", err)
	}
	// Numbers are never reused.
	if n, err := (Options{}).NewFieldKey(dir); err != nil || n != 3 {
		t.Fatalf("number %d: %v", n, err)
	}
	if err := DropFieldKey(dir, 9); err == nil {
		t.Fatal("dropped a key that does not exist")
	}
}

func TestBadFieldKeyFilesAreRefused(t *testing.T) {
	h := build(t, Options{})
	one := h.files()[fieldFile(1)]
	secret := strings.TrimPrefix(strings.Split(one, "\n")[2], "secret ")
	for name, c := range map[string]struct{ file, text, want string }{
		"one key under two numbers": {fieldFile(3), strings.Replace(one, "number 1", "number 3", 1), "duplicate of another key"},
		"another number than named": {fieldFile(3), one, "file name"},
		"number 0":                  {fieldFile(0), strings.Replace(one, "number 1", "number 0", 1), "file name"},
		"a number's other spelling": {"vault-field-01.key", strings.Replace(one, "number 1", "number 01", 1), "file name"},
		"the master's bytes":        {fieldFile(3), strings.Replace(strings.Replace(one, "number 1", "number 3", 1), secret, strings.TrimPrefix(strings.Split(h.files()[vaultKind.file], "\n")[1], "master "), 1), "duplicate of another key"},
		"a short secret":            {fieldFile(1), strings.Replace(one, secret, secret[2:], 1), "64 lower-case"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := h.copy(t)
			twin.must(os.WriteFile(twin.file(c.file), []byte(c.text), 0o600))
			twin.mustNotOpen(Options{}, c.want)
		})
	}
}
