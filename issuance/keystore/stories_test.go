package keystore

import (
	"errors"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
)

// story is a command, what must hold wherever it stopped, and what once it was
// repeated.
type story struct {
	house    func(t *testing.T) *house
	command  func(h *house) error
	stopped  func(t *testing.T, h *house) *Keys
	finished func(t *testing.T, h *house)
	// leftovers are what must have been explained at one stop or another.
	leftovers []string
	steps     int // at least so many
}

func openEither(t *testing.T, h *house, passphrases ...Passphrase) *Keys {
	t.Helper()
	for _, p := range passphrases {
		if k, err := (Options{Passphrase: p}).Open(h.dir); err == nil {
			return k
		} else if !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrSealed) {
			t.Fatal(err)
		}
	}
	t.Fatal("no passphrase opens the keys")
	return nil
}

func stories(t *testing.T) map[string]story {
	plain, sealed, old := build(t, Options{}), build(t, sealedBy), oldHouse(t, "sealed")
	unchanged := func(ps ...Passphrase) func(*testing.T, *house) *Keys {
		return func(t *testing.T, h *house) *Keys {
			k := openEither(t, h, ps...)
			h.same(k)
			return k
		}
	}
	ids := func(k *Keys) (out []tokens.KeyID) {
		for _, i := range k.Issuers {
			out = append(out, i.ID)
		}
		return out
	}
	return map[string]story{
		"Seal": {
			house:   func(t *testing.T) *house { return plain.copy(t) },
			command: func(h *house) error { return Seal(h.dir, right) },
			stopped: unchanged(right), // a plain directory opens with a passphrase, too
			finished: func(t *testing.T, h *house) {
				h.same(openEither(t, h, right))
				h.holdsNoSecret()
			},
			leftovers: []string{"keystore.seal.new was not finished", "authority.key.new was not finished", "a Seal was cut off"},
			steps:     4 * 7,
		},
		"Reseal": {
			house:   func(t *testing.T) *house { return sealed.copy(t) },
			command: func(h *house) error { return Reseal(h.dir, right, other) },
			stopped: unchanged(right, other),
			finished: func(t *testing.T, h *house) {
				h.same(openEither(t, h, other))
				if _, err := sealedBy.Open(h.dir); err != ErrPassphrase {
					t.Fatalf("the old passphrase: %v", err)
				}
				if s := h.files()[sealFile]; len(s) != len(sealed.files()[sealFile]) {
					t.Fatal("the old key is still in the seal")
				}
			},
			leftovers: []string{"keystore.seal.new was not finished", "vault.key.new was not finished", "a Reseal was cut off"},
			steps:     5 * 8,
		},
		"Seal of a directory from before age": {
			house:   func(t *testing.T) *house { return old.copy(t) },
			command: func(h *house) error { return Seal(h.dir, right) },
			stopped: unchanged(right),
			finished: func(t *testing.T, h *house) {
				h.same(openEither(t, h, right))
				h.holdsNoSecret()
				if k := openEither(t, h, right); len(k.Leftovers()) > 0 {
					t.Fatalf("%v", k.Leftovers())
				}
			},
			leftovers: []string{"keystore.seal.new was not finished", "vault.key.new was not finished", "sealed by an older release"},
			steps:     5 * 8,
		},
		"Generate": {
			house: func(t *testing.T) *house { return sealed.copy(t) },
			command: func(h *house) error {
				_, err := sealedBy.Generate(h.dir, nil)
				return err
			},
			stopped: func(t *testing.T, h *house) *Keys {
				k := openEither(t, h, right)
				if n := len(k.Issuers); n != 2 && n != 3 || k.IssuerID != h.made.IssuerID {
					t.Fatalf("issuers %v", ids(k))
				}
				return k
			},
			finished: func(t *testing.T, h *house) {
				if k := openEither(t, h, right); len(k.Issuers) < 3 || len(k.Plain()) > 0 {
					t.Fatalf("issuers %v, plain %v", ids(k), k.Plain())
				}
			},
			leftovers: []string{".key.new was not finished"},
			steps:     4,
		},
		"Retire": {
			house:   func(t *testing.T) *house { return plain.copy(t) },
			command: func(h *house) error { return Retire(h.dir, h.issuer(0)) },
			stopped: func(t *testing.T, h *house) *Keys {
				k := openEither(t, h, "")
				if got := ids(k); len(got) > 2 || got[len(got)-1] != h.issuer(1) {
					t.Fatalf("issuers %v", got)
				}
				return k
			},
			finished: func(t *testing.T, h *house) {
				if got := ids(openEither(t, h, "")); len(got) != 1 || got[0] != h.issuer(1) {
					t.Fatalf("issuers %v", got)
				}
				was := plain.files()[issuerFile(h.issuer(0))]
				seed := strings.TrimPrefix(strings.Split(was, "\n")[2], "seed ")
				for name, text := range h.files() {
					if strings.Contains(text, seed) {
						t.Fatalf("%s holds the retired secret", name)
					}
				}
				if h.files()[retiredFile(h.issuer(0))] != string(retiredText(h.issuer(0))) {
					t.Fatal("the id may be used again")
				}
			},
			leftovers: []string{"a Retire was cut off"},
			steps:     4,
		},
		"NewFieldKey": {
			house: func(t *testing.T) *house { return sealed.copy(t) },
			command: func(h *house) error {
				_, err := sealedBy.NewFieldKey(h.dir)
				return err
			},
			stopped: func(t *testing.T, h *house) *Keys { return openEither(t, h, right) },
			finished: func(t *testing.T, h *house) {
				if k := openEither(t, h, right); len(k.FieldKeys) < 3 {
					t.Fatalf("%d field keys", len(k.FieldKeys))
				}
			},
			leftovers: []string{"vault-field-3.key.new was not finished"},
			steps:     4,
		},
		"DropFieldKey": {
			house: func(t *testing.T) *house { return sealed.copy(t) },
			command: func(h *house) error {
				if err := DropFieldKey(h.dir, 1); err != nil && !strings.Contains(err.Error(), "has no vault-field-1.key") {
					return err // gone is gone
				}
				return nil
			},
			stopped: func(t *testing.T, h *house) *Keys {
				k := openEither(t, h, right)
				if n := len(k.FieldKeys); k.FieldKeys[n-1].Number != 2 {
					t.Fatal("the newest field key is lost")
				}
				return k
			},
			finished: func(t *testing.T, h *house) {
				if k := openEither(t, h, right); len(k.FieldKeys) != 1 || exists(h.file("vault-field-1.dropped")) {
					t.Fatal("the field key is still there")
				}
			},
			leftovers: []string{"a DropFieldKey was cut off"},
			steps:     5,
		},
	}
}
