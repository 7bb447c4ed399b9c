package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/tokens"
)

// powerCut ends a command between two of its steps.
type powerCut struct{}

var errFull = errors.New("no space left")

// stopAt runs a command that ends ahead of its step n, as by a power cut or by a
// full disk. It reports whether the command got that far. What a power cut finds
// written and not yet synced is half lost.
func stopAt(t *testing.T, n int, cut bool, command func() error) (stopped bool) {
	t.Helper()
	defer func() { disk.Before = nil }()
	disk.Before = func(step, path string) error {
		if n--; n != 0 {
			return nil
		}
		stopped = true
		if !cut {
			return errFull
		}
		if step == "sync" && strings.HasSuffix(path, ownfile.Unfinished) {
			if info, err := os.Stat(path); err != nil || os.Truncate(path, info.Size()/2) != nil {
				t.Errorf("no file to lose half of: %v", err)
			}
		}
		panic(powerCut{})
	}
	defer func() {
		if r := recover(); r != nil && r != any(powerCut{}) {
			panic(r)
		}
	}()
	if err := command(); stopped != errors.Is(err, errFull) {
		t.Fatalf("stopped %v, yet it said %v", stopped, err)
	}
	return stopped
}

func TestCommandsStopAnywhereAndFinishWhenRepeated(t *testing.T) {
	for name, s := range stories(t) {
		t.Run(name, func(t *testing.T) {
			for _, cut := range []bool{true, false} {
				explained, steps := "", 0
				for n := 1; ; n++ {
					h := s.of.copy(t)
					if !stopAt(t, n, cut, func() error { return s.command(h) }) {
						break
					}
					steps = n
					k := s.stopped(t, h)
					explained += strings.Join(k.Leftovers(), "\n")
					h.tellsNothing(explained)
					h.must(s.command(h))
					s.finished(t, h)
					for file := range h.files() {
						if strings.HasSuffix(file, ownfile.Unfinished) {
							t.Fatalf("stopped ahead of step %d: %s is left", n, file)
						}
					}
				}
				if steps < s.steps {
					t.Fatalf("stopped at only %d steps", steps)
				}
				for _, want := range s.leftovers {
					if !strings.Contains(explained, want) {
						t.Errorf("nowhere was explained that %s", want)
					}
				}
			}
		})
	}
}

// What is erased is on disk elsewhere, and a name is on disk before the next step
// counts on it: a step behind a renaming is always that of its directory.
func TestNamesAreOnDiskBeforeAnythingFollows(t *testing.T) {
	for name, s := range stories(t) {
		h := s.of.copy(t)
		var last, renamed string
		disk.Before = func(step, path string) error {
			if renamed != "" && (step != "sync" || path != h.dir) {
				t.Errorf("%s: %s of %s follows the renaming to %s", name, step, path, renamed)
			}
			if step == "rename" && strings.HasSuffix(path, inUse) && last != "sync" {
				t.Errorf("%s: %s was not synced before it got its name", name, path)
			}
			if renamed = ""; step == "rename" {
				renamed = path
			}
			last = step
			return nil
		}
		err := s.command(h)
		disk.Before = nil
		h.must(err)
		if last == "" || renamed != "" {
			t.Errorf("%s: it ended with %q", name, last)
		}
	}
}

// Init has no keys to keep safe: nobody has used one. It is whole, or says what to
// do.
func TestInitCutOffIsExplained(t *testing.T) {
	for _, o := range []Options{{}, sealedBy} {
		explained := 0
		for n := 1; ; n++ {
			h := &system{t: t, dir: filepath.Join(t.TempDir(), "keys")}
			if !stopAt(t, n, true, func() error { _, err := o.Init(h.dir); return err }) {
				break
			}
			_, openErr := o.Open(h.dir)
			_, initErr := o.Init(h.dir)
			switch {
			case openErr == nil: // it got as far as the last renaming
				h.refuses(initErr, "already holds keys")
			case initErr == nil: // it got nowhere
				h.refuses(openErr, "if an Init was cut off here")
			default:
				h.refuses(openErr, "if an Init was cut off here")
				h.refuses(initErr, "already holds keys")
				explained++
			}
		}
		if explained < 4 {
			t.Fatalf("only %d stops in the middle", explained)
		}
	}
}

// Two commands on one directory take turns; one that never ends is said.
func TestCommandsTakeTurns(t *testing.T) {
	h := build(t, Options{})
	const each = 4
	done := make(chan error)
	for range each {
		go func() { _, err := Options{}.Generate(h.dir, nil); done <- err }()
		go func() { _, err := Open(h.dir); done <- err }()
	}
	for range 2 * each {
		h.must(<-done)
	}
	if k, err := Open(h.dir); err != nil || len(k.Issuers) != 2+each {
		t.Fatalf("%v", err)
	}
	// Nothing that is there is made anew, whoever asks for it.
	h.refuses(create(h.file(vaultKind.file), nil), "exists")
	patience := lockPatience
	lockPatience = 50 * time.Millisecond
	defer func() { lockPatience = patience }()
	unlock, err := ownfile.Lock(h.dir, true, lockPatience)
	h.must(err)
	defer unlock()
	h.shut(Options{}, "another command is at work")
}

// story is a command, what must hold wherever it stopped, and what once it was
// repeated.
type story struct {
	of       *system
	command  func(h *system) error
	stopped  func(t *testing.T, h *system) *Keys
	finished func(t *testing.T, h *system)
	// leftovers are what must have been explained at one stop or another.
	leftovers []string
	steps     int // at least so many
}

func openEither(t *testing.T, h *system, passphrases ...Passphrase) *Keys {
	t.Helper()
	for _, p := range passphrases {
		if k, err := (Options{Passphrase: p}).Open(h.dir); err == nil {
			return k
		} else if !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrNoPassphrase) {
			t.Fatal(err)
		}
	}
	t.Fatal("no passphrase opens the keys")
	return nil
}

func stories(t *testing.T) map[string]story {
	plain, sealed, old := build(t, Options{}), build(t, sealedBy), oldSystem(t, "sealed")
	unchanged := func(ps ...Passphrase) func(*testing.T, *system) *Keys {
		return func(t *testing.T, h *system) *Keys {
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
			of:      plain,
			command: func(h *system) error { return Encrypt(h.dir, right) },
			stopped: unchanged(right), // a plain directory opens with a passphrase, too
			finished: func(t *testing.T, h *system) {
				h.same(openEither(t, h, right))
				h.holdsNoSecret()
			},
			leftovers: []string{"keystore.seal.new was not finished", "authority.key.new was not finished", "a Seal was cut off"},
			steps:     4 * 7,
		},
		"Reseal": {
			of:      sealed,
			command: func(h *system) error { return ReEncrypt(h.dir, right, other) },
			stopped: unchanged(right, other),
			finished: func(t *testing.T, h *system) {
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
			of:      old,
			command: func(h *system) error { return Encrypt(h.dir, right) },
			stopped: unchanged(right),
			finished: func(t *testing.T, h *system) {
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
			of: sealed,
			command: func(h *system) error {
				_, err := sealedBy.Generate(h.dir, nil)
				return err
			},
			stopped: func(t *testing.T, h *system) *Keys {
				k := openEither(t, h, right)
				if n := len(k.Issuers); n != 2 && n != 3 || k.IssuerID != h.made.IssuerID {
					t.Fatalf("issuers %v", ids(k))
				}
				return k
			},
			finished: func(t *testing.T, h *system) {
				if k := openEither(t, h, right); len(k.Issuers) < 3 || len(k.Plain()) > 0 {
					t.Fatalf("issuers %v, plain %v", ids(k), k.Plain())
				}
			},
			leftovers: []string{".key.new was not finished"},
			steps:     4,
		},
		"Retire": {
			of:      plain,
			command: func(h *system) error { return Retire(h.dir, h.issuer(0)) },
			stopped: func(t *testing.T, h *system) *Keys {
				k := openEither(t, h, "")
				if got := ids(k); len(got) > 2 || got[len(got)-1] != h.issuer(1) {
					t.Fatalf("issuers %v", got)
				}
				return k
			},
			finished: func(t *testing.T, h *system) {
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
			of: sealed,
			command: func(h *system) error {
				_, err := sealedBy.NewFieldKey(h.dir)
				return err
			},
			stopped: func(t *testing.T, h *system) *Keys { return openEither(t, h, right) },
			finished: func(t *testing.T, h *system) {
				if k := openEither(t, h, right); len(k.FieldKeys) < 3 {
					t.Fatalf("%d field keys", len(k.FieldKeys))
				}
			},
			leftovers: []string{"vault-field-3.key.new was not finished"},
			steps:     4,
		},
		"DropFieldKey": {
			of: sealed,
			command: func(h *system) error {
				if err := DropFieldKey(h.dir, 1); err != nil && !strings.Contains(err.Error(), "has no vault-field-1.key") {
					return err // gone is gone
				}
				return nil
			},
			stopped: func(t *testing.T, h *system) *Keys {
				k := openEither(t, h, right)
				if n := len(k.FieldKeys); k.FieldKeys[n-1].Number != 2 {
					t.Fatal("the newest field key is lost")
				}
				return k
			},
			finished: func(t *testing.T, h *system) {
				if k := openEither(t, h, right); len(k.FieldKeys) != 1 || exists(h.file("vault-field-1.dropped")) {
					t.Fatal("the field key is still there")
				}
			},
			leftovers: []string{"a DropFieldKey was cut off"},
			steps:     5,
		},
	}
}
