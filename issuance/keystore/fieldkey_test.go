package keystore

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/vault"
)

// The story of a rotation on disk: what the old key sealed moves to the new one,
// and then the old one can go.
func TestFieldKeysFollowEachOther(t *testing.T) {
	dir, made := initialised(t)
	at := vault.Place{Table: "applications", Column: "name", Row: "app_1"}
	old := vault.New(made.Vault, made.FieldKeys...).Seal([]byte("value"), at)
	for want := 1; want <= 2; want++ {
		if n, err := (Options{}).NewFieldKey(dir); err != nil || n != want {
			t.Fatalf("number %d: %v", n, err)
		}
		keys, err := Open(dir)
		if err != nil || len(keys.FieldKeys) != want || keys.Vault != made.Vault {
			t.Fatalf("%v", err)
		}
		v := vault.New(keys.Vault, keys.FieldKeys...)
		if !v.Stale(old) {
			t.Fatal("not stale under a new key")
		}
		if old, err = v.Reencrypt(old, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := DropFieldKey(dir, 2); err == nil || !strings.Contains(err.Error(), "newest") {
		t.Fatalf("dropped the key that seals: %v", err)
	}
	if err := DropFieldKey(dir, 1); err != nil {
		t.Fatal(err)
	}
	keys, err := Open(dir)
	if err != nil || len(keys.FieldKeys) != 1 || keys.FieldKeys[0].Number != 2 {
		t.Fatalf("%v", err)
	}
	if got, err := vault.New(keys.Vault, keys.FieldKeys...).Open(old, at); err != nil || string(got) != "value" {
		t.Fatalf("%v", err)
	}
	if _, err := vault.New(keys.Vault).Open(old, at); !errors.Is(err, vault.ErrKey) {
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
			_, err := Open(twin.dir)
			twin.refuses(err, c.want)
		})
	}
}
