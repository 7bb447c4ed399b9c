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

// The story of one field through two rotations, told by the keys that each
// process knows.
func TestFieldMovesToNewerKeys(t *testing.T) {
	plain := []byte("110105199003074616")
	before, one, both := New(master), New(master, first), New(master, second, first)

	old := before.Encrypt(plain, home)
	if before.Stale(old) {
		t.Fatal("stale with no newer key")
	}
	if got, err := one.Decrypt(old, home); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("the master's own key no longer opens: %v", err)
	}
	if !one.Stale(old) {
		t.Fatal("not stale with a newer key")
	}
	moved, err := one.ReEncrypt(old, home)
	if err != nil || one.Stale(moved) {
		t.Fatalf("moved: stale %v, %v", one.Stale(moved), err)
	}
	if _, err := before.Decrypt(moved, home); !errors.Is(err, ErrKey) {
		t.Fatalf("opened without its key: %v", err)
	}

	// The highest number seals, whatever the order in which the keys came.
	if !both.Stale(moved) || both.Stale(both.Encrypt(plain, home)) || !one.Stale(both.Encrypt(plain, home)) {
		t.Fatal("not the newest key seals")
	}
	last, err := both.ReEncrypt(moved, home)
	if err != nil {
		t.Fatal(err)
	}
	// The first field key can go now, the second cannot.
	if got, err := New(master, second).Decrypt(last, home); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%v", err)
	}
	if _, err := one.Decrypt(last, home); !errors.Is(err, ErrKey) {
		t.Fatalf("opened without its key: %v", err)
	}
}

// A walk that asks Stale passes over nothing that would be lost with the old key.
func TestWhatDoesNotOpenIsStaleAndSaysWhy(t *testing.T) {
	v := New(master, first)
	good := v.Encrypt([]byte("value"), home)
	for name, c := range map[string]struct {
		sealed []byte
		want   error
	}{
		"nothing":         {nil, ErrForm},
		"a head only":     {good[:fieldHead], ErrForm},
		"another version": {append([]byte{version + 1}, good[1:]...), ErrForm},
		"a foreign key":   {New(Master{4}).Encrypt([]byte("value"), home), ErrKey},
		"altered":         {append(New(master).Encrypt([]byte("value"), home)[:fieldExtra], "else!"...), ErrBroke},
	} {
		if !v.Stale(c.sealed) {
			t.Errorf("%s: not stale", name)
		}
		if _, err := v.ReEncrypt(c.sealed, home); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	elsewhere := Place{home.Table, home.Column, "app_2"}
	if _, err := v.ReEncrypt(good, elsewhere); !errors.Is(err, ErrBroke) {
		t.Errorf("sealed anew for another place: %v", err)
	}
}

// A sealed field tells its key by the id of FieldKey and Master, by which
// keystore keeps two keys from sharing one.
func TestFieldNamesItsKey(t *testing.T) {
	for _, c := range []struct {
		v    *Vault
		want FieldKeyID
	}{{New(master), master.FieldKeyID()}, {New(master, first), first.ID()}, {New(master, first, second), second.ID()}} {
		if sealed := c.v.Encrypt(nil, home); FieldKeyID(sealed[1:fieldHead]) != c.want {
			t.Errorf("id %x, want %x", sealed[1:fieldHead], c.want)
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
					t.Errorf("%s: taken", name)
				}
			}()
			New(master, keys...)
		}()
	}
}

// Rotation must not make anybody a stranger.
func TestHashesDoNotFollowTheFieldKeys(t *testing.T) {
	a, b := New(master), New(master, first, second)
	if a.Person(1, "x") != b.Person(1, "x") || a.DayKey(7) != b.DayKey(7) ||
		a.Index("accounts.phone", "1") != b.Index("accounts.phone", "1") || a.AuditKey() != b.AuditKey() {
		t.Fatal("a new field key changed a hash")
	}
}
