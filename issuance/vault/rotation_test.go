package vault

import (
	"bytes"
	"errors"
	"testing"
)

var (
	first  = FieldKey{1, Key{1}}
	second = FieldKey{2, Key{2}}
)

// A field is moved through two rotations by processes with different keys.
func TestFieldMovesToNewerKeys(t *testing.T) {
	plain := []byte("110105199003074616")
	before, one, both := New(master), New(master, first), New(master, second, first)

	old := before.Encrypt(plain, home)
	if before.Stale(old) {
		t.Fatal("stale without a newer key")
	}
	if got, err := one.Decrypt(old, home); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("the master's own key no longer decrypts: %v", err)
	}
	if !one.Stale(old) {
		t.Fatal("not stale with a newer key")
	}
	moved, err := one.ReEncrypt(old, home)
	if err != nil || one.Stale(moved) {
		t.Fatalf("moved: stale %v, %v", one.Stale(moved), err)
	}
	if _, err := before.Decrypt(moved, home); !errors.Is(err, ErrKey) {
		t.Fatalf("decrypted without its key: %v", err)
	}

	// The key with the highest number encrypts, in any order of the keys.
	if !both.Stale(moved) || both.Stale(both.Encrypt(plain, home)) || !one.Stale(both.Encrypt(plain, home)) {
		t.Fatal("a key other than the newest encrypts")
	}
	last, err := both.ReEncrypt(moved, home)
	if err != nil {
		t.Fatal(err)
	}
	// The first field key is no longer needed; the second is.
	if got, err := New(master, second).Decrypt(last, home); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%v", err)
	}
	if _, err := one.Decrypt(last, home); !errors.Is(err, ErrKey) {
		t.Fatalf("decrypted without its key: %v", err)
	}
}

// A walk that uses Stale skips no field that would be lost with the old key.
func TestUndecryptableFieldIsStaleAndHasAnError(t *testing.T) {
	v := New(master, first)
	good := v.Encrypt([]byte("value"), home)
	for name, c := range map[string]struct {
		encrypted []byte
		want      error
	}{
		"nothing":         {nil, ErrFormat},
		"a head only":     {good[:fieldHead], ErrFormat},
		"another version": {append([]byte{version + 1}, good[1:]...), ErrFormat},
		"a foreign key":   {New(Master{4}).Encrypt([]byte("value"), home), ErrKey},
		"altered":         {append(New(master).Encrypt([]byte("value"), home)[:fieldExtra], "else!"...), ErrAltered},
	} {
		if !v.Stale(c.encrypted) {
			t.Errorf("%s: not stale", name)
		}
		if _, err := v.ReEncrypt(c.encrypted, home); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	elsewhere := Place{home.Table, home.Column, "app_2"}
	if _, err := v.ReEncrypt(good, elsewhere); !errors.Is(err, ErrAltered) {
		t.Errorf("re-encrypted for another place: %v", err)
	}
}

// An encrypted field contains the id of its FieldKey or Master. Package keystore refuses two keys with the
// same id.
func TestFieldContainsTheIDOfItsKey(t *testing.T) {
	for _, c := range []struct {
		v    *Vault
		want FieldKeyID
	}{{New(master), master.FieldKeyID()}, {New(master, first), first.ID()}, {New(master, first, second), second.ID()}} {
		if encrypted := c.v.Encrypt(nil, home); FieldKeyID(encrypted[1:fieldHead]) != c.want {
			t.Errorf("id %x, want %x", encrypted[1:fieldHead], c.want)
		}
	}
}

func TestFieldKeysMustDiffer(t *testing.T) {
	for name, keys := range map[string][]FieldKey{
		"number 0":               {{0, Key{1}}},
		"one number twice":       {first, {1, Key{2}}},
		"one secret twice":       {first, {2, Key{1}}},
		"the master's own again": {{1, Key(master)}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			New(master, keys...)
		}()
	}
}

// A rotation must not change the hashes by which persons are found.
func TestHashesDoNotDependOnTheFieldKeys(t *testing.T) {
	a, b := New(master), New(master, first, second)
	if a.Person(1, "x") != b.Person(1, "x") || a.DayKey(7) != b.DayKey(7) ||
		a.Index("accounts.phone", "1") != b.Index("accounts.phone", "1") || a.AuditKey() != b.AuditKey() {
		t.Fatal("a new field key changed a hash")
	}
}
