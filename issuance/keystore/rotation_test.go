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

// The story of a rotation: a new key is made beside the old one, which goes on
// signing until it is retired.
func TestIssuerKeysFollowEachOther(t *testing.T) {
	h := initialised(t)
	dir, made := h.dir, h.made
	later := time.Date(2100, 1, 1, 0, 0, 0, 5e8, time.UTC)
	next, err := Options{Now: func() time.Time { return later }}.Generate(dir, nil)
	if err != nil || next.ID == made.IssuerID || !next.Created.Equal(later.Truncate(time.Second)) {
		t.Fatalf("%+v: %v", next, err)
	}
	both := h.opened(Options{})
	if len(both.Issuers) != 2 || both.IssuerID != made.IssuerID || both.Issuer.Public() != made.Issuer.Public() ||
		both.Issuers[1].ID != next.ID || both.Issuers[1].Signer.Public() != next.Signer.Public() || both.Issuers[1].Created != next.Created {
		t.Fatal("not the oldest of two keys signs, or the new one came back as another")
	}
	h.must(Retire(dir, made.IssuerID))
	if after := h.opened(Options{}); len(after.Issuers) != 1 || after.IssuerID != next.ID || len(after.Leftovers()) > 0 {
		t.Fatalf("%v", after)
	}
	h.must(Retire(dir, made.IssuerID)) // again
	h.refuses(Retire(dir, next.ID), "only issuer key")
	if err := Retire(dir, next.ID^made.IssuerID^1); err == nil {
		t.Fatal("retired what is not there")
	}
}

// Ids are bound for ever: neither one that the directory ever held nor one that
// the caller knows comes again.
func TestGenerateTakesAnIDThatNobodyEverHad(t *testing.T) {
	h := initialised(t)
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
	h.refuses(err, "every id is taken")
}

// A key file of a retired id, put back from a backup, must not sign again.
func TestRetiredKeyThatComesBackIsRefused(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(0)
	was := h.files()[issuerFile(id)]
	h.must(Retire(h.dir, id))
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	h.shut(Options{}, "retired id")
	h.must(Retire(h.dir, id))
	k := h.opened(Options{})
	if len(k.Issuers) != 1 || exists(h.file(issuerFile(id))) {
		t.Fatal("it is still there")
	}
	// Nor does it count as the other key that lets the last one go.
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(was), 0o600))
	h.refuses(Retire(h.dir, h.issuer(1)), "only issuer key")
}

// A new key is as well kept as its neighbours, or not made.
func TestNewKeysAreKeptLikeTheOthers(t *testing.T) {
	plain, sealed := build(t, Options{}), build(t, sealedBy)
	for _, add := range []func(Options, string) error{
		func(o Options, dir string) error { _, err := o.Generate(dir, nil); return err },
		func(o Options, dir string) error { _, err := o.NewFieldKey(dir); return err },
	} {
		plain.refuses(add(sealedBy, plain.dir), "Seal it first")
		sealed.refuses(add(Options{}, sealed.dir), "no passphrase was given")
		empty := t.TempDir()
		plain.must(os.Chmod(empty, 0o700))
		plain.refuses(add(Options{}, empty), "Init makes the first")
	}
	if len(plain.names()) != len(sealed.names())-1 {
		t.Fatal("a key was made all the same")
	}
}

// Keys from before the time of making was written down are the oldest.
func TestKeyWithoutATimeIsTheOldest(t *testing.T) {
	h := build(t, Options{})
	id := h.issuer(1)
	lines := strings.SplitAfter(h.files()[issuerFile(id)], "\n")
	h.must(os.WriteFile(h.file(issuerFile(id)), []byte(strings.Join(lines[:3], "")), 0o600))
	k := h.opened(Options{})
	if k.IssuerID != id || !k.Issuers[0].Created.IsZero() {
		t.Fatalf("the oldest is %d, made %s", k.IssuerID, k.Issuers[0].Created)
	}
}

// The story of a rotation on disk: what the old key sealed moves to the new one,
// and then the old one can go.
func TestFieldKeysFollowEachOther(t *testing.T) {
	h := initialised(t)
	dir, made := h.dir, h.made
	at := vault.Place{Table: "applications", Column: "name", Row: "app_1"}
	old := vault.New(made.Vault, made.FieldKeys...).Encrypt([]byte("value"), at)
	for want := 1; want <= 2; want++ {
		if n, err := (Options{}).NewFieldKey(dir); err != nil || n != want {
			t.Fatalf("number %d: %v", n, err)
		}
		keys := h.opened(Options{})
		if len(keys.FieldKeys) != want || keys.Vault != made.Vault {
			t.Fatalf("%d field keys", len(keys.FieldKeys))
		}
		v := vault.New(keys.Vault, keys.FieldKeys...)
		if !v.Stale(old) {
			t.Fatal("not stale under a new key")
		}
		var err error
		old, err = v.ReEncrypt(old, at)
		h.must(err)
	}
	h.refuses(DropFieldKey(dir, 2), "newest") // the key that seals
	h.must(DropFieldKey(dir, 1))
	keys := h.opened(Options{})
	if len(keys.FieldKeys) != 1 || keys.FieldKeys[0].Number != 2 {
		t.Fatalf("%d field keys", len(keys.FieldKeys))
	}
	if got, err := vault.New(keys.Vault, keys.FieldKeys...).Decrypt(old, at); err != nil || string(got) != "value" {
		t.Fatalf("%v", err)
	}
	if _, err := vault.New(keys.Vault).Decrypt(old, at); !errors.Is(err, vault.ErrKey) {
		t.Fatalf("opened without the field key: %v", err)
	}
	// A number does not come again, not even the one that went.
	if n, err := (Options{}).NewFieldKey(dir); err != nil || n != 3 {
		t.Fatalf("number %d: %v", n, err)
	}
	if err := DropFieldKey(dir, 9); err == nil {
		t.Fatal("dropped what is not there")
	}
}

func TestFieldKeyFilesThatAreRefused(t *testing.T) {
	h := build(t, Options{})
	one := h.files()[fieldFile(1)]
	secret := strings.TrimPrefix(strings.Split(one, "\n")[2], "secret ")
	for name, c := range map[string]struct{ file, text, want string }{
		"one key under two numbers": {fieldFile(3), strings.Replace(one, "number 1", "number 3", 1), "same key"},
		"another number than named": {fieldFile(3), one, "file name"},
		"number 0":                  {fieldFile(0), strings.Replace(one, "number 1", "number 0", 1), "file name"},
		"a number's other spelling": {"vault-field-01.key", strings.Replace(one, "number 1", "number 01", 1), "file name"},
		"the master once more":      {fieldFile(3), strings.Replace(strings.Replace(one, "number 1", "number 3", 1), secret, strings.TrimPrefix(strings.Split(h.files()[vaultKind.file], "\n")[1], "master "), 1), "same key"},
		"a short secret":            {fieldFile(1), strings.Replace(one, secret, secret[2:], 1), "64 lower-case"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := h.copy(t)
			twin.must(os.WriteFile(twin.file(c.file), []byte(c.text), 0o600))
			twin.shut(Options{}, c.want)
		})
	}
}
