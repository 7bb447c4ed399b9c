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

// powerCut simulates a power failure between two steps of a command.
type powerCut struct{}

var errFull = errors.New("no space left")

// stopAt runs a command and stops it before step n, by a power failure or a full disk. It reports whether the
// command reached the step. A power failure truncates a file that is not synced.
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
				t.Errorf("the unsynced file cannot be truncated: %v", err)
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
		t.Fatalf("stopped is %v, and the command returned %v", stopped, err)
	}
	return stopped
}

func TestInterruptedCommandsCanBeRepeated(t *testing.T) {
	for name, s := range commands(t) {
		t.Run(name, func(t *testing.T) {
			for _, cut := range []bool{true, false} {
				explained, steps := "", 0
				for n := 1; ; n++ {
					h := s.of.copy(t)
					if !stopAt(t, n, cut, func() error { return s.run(h) }) {
						break
					}
					steps = n
					k := s.stopped(t, h)
					explained += strings.Join(k.Leftovers(), "\n")
					h.checkNoSecret(explained)
					h.must(s.run(h))
					s.finished(t, h)
					for file := range h.files() {
						if strings.HasSuffix(file, ownfile.Unfinished) {
							t.Fatalf("stopped before step %d: %s remains", n, file)
						}
					}
				}
				if steps < s.steps {
					t.Fatalf("stopped at only %d steps", steps)
				}
				for _, want := range s.leftovers {
					if !strings.Contains(explained, want) {
						t.Errorf("no leftover explains: %s", want)
					}
				}
			}
		})
	}
}

// The new content of an erased file is on disk, and a name is synced before the next step depends on it: the step
// after a renaming is always the sync of its directory.
func TestRenamingsAreSyncedBeforeTheNextStep(t *testing.T) {
	for name, s := range commands(t) {
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
		err := s.run(h)
		disk.Before = nil
		h.must(err)
		if last == "" || renamed != "" {
			t.Errorf("%s: the last step is %q", name, last)
		}
	}
}

// An interrupted Init has no keys in use. The directory is complete, or the error explains what to do.
func TestInterruptedInitIsExplained(t *testing.T) {
	for _, o := range []Options{{}, withPassphrase} {
		explained := 0
		for n := 1; ; n++ {
			h := &harness{t: t, dir: filepath.Join(t.TempDir(), "keys")}
			if !stopAt(t, n, true, func() error { _, err := o.Init(h.dir); return err }) {
				break
			}
			_, openErr := o.Open(h.dir)
			_, initErr := o.Init(h.dir)
			switch {
			case openErr == nil: // it reached the last renaming
				h.wantError(initErr, "already contains keys")
			case initErr == nil: // it wrote nothing
				h.wantError(openErr, "if Init was interrupted here")
			default:
				h.wantError(openErr, "if Init was interrupted here")
				h.wantError(initErr, "already contains keys")
				explained++
			}
		}
		if explained < 4 {
			t.Fatalf("only %d interruptions in the middle", explained)
		}
	}
}

// Concurrent commands on one directory run one after the other. A command that does not end is reported.
func TestConcurrentCommandsAreSerialized(t *testing.T) {
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
	// An existing file is never created again.
	h.wantError(create(h.file(vaultKind.file), nil), "exists")
	patience := lockPatience
	lockPatience = 50 * time.Millisecond
	defer func() { lockPatience = patience }()
	unlock, err := ownfile.Lock(h.dir, true, lockPatience)
	h.must(err)
	defer unlock()
	h.mustNotOpen(Options{}, "another command is using")
}

// commandCase is a command, the check after an interruption, and the check after its repetition.
type commandCase struct {
	of       *harness
	run      func(h *harness) error
	stopped  func(t *testing.T, h *harness) *Keys
	finished func(t *testing.T, h *harness)
	// leftovers are explanations that must appear at some interruption.
	leftovers []string
	steps     int // minimum
}

func openEither(t *testing.T, h *harness, passphrases ...Passphrase) *Keys {
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

func commands(t *testing.T) map[string]commandCase {
	plain, encrypted, old := build(t, Options{}), build(t, withPassphrase), oldHarness(t, "sealed")
	unchanged := func(ps ...Passphrase) func(*testing.T, *harness) *Keys {
		return func(t *testing.T, h *harness) *Keys {
			k := openEither(t, h, ps...)
			h.checkSame(k)
			return k
		}
	}
	ids := func(k *Keys) (out []tokens.KeyID) {
		for _, i := range k.Issuers {
			out = append(out, i.ID)
		}
		return out
	}
	return map[string]commandCase{
		"Encrypt": {
			of:      plain,
			run:     func(h *harness) error { return Encrypt(h.dir, right) },
			stopped: unchanged(right), // a plain directory also opens with a passphrase
			finished: func(t *testing.T, h *harness) {
				h.checkSame(openEither(t, h, right))
				h.checkNoPlainSecret()
			},
			leftovers: []string{"keystore.seal.new is incomplete", "authority.key.new is incomplete", "an encryption was interrupted"},
			steps:     4 * 7,
		},
		"ReEncrypt": {
			of:      encrypted,
			run:     func(h *harness) error { return ReEncrypt(h.dir, right, other) },
			stopped: unchanged(right, other),
			finished: func(t *testing.T, h *harness) {
				h.checkSame(openEither(t, h, other))
				if _, err := withPassphrase.Open(h.dir); err != ErrPassphrase {
					t.Fatalf("the old passphrase: %v", err)
				}
				if s := h.files()[sealFile]; len(s) != len(encrypted.files()[sealFile]) {
					t.Fatal("the old key is still in the seal file")
				}
			},
			leftovers: []string{"keystore.seal.new is incomplete", "vault.key.new is incomplete", "a re-encryption was interrupted"},
			steps:     5 * 8,
		},
		"Encrypt a legacy directory": {
			of:      old,
			run:     func(h *harness) error { return Encrypt(h.dir, right) },
			stopped: unchanged(right),
			finished: func(t *testing.T, h *harness) {
				h.checkSame(openEither(t, h, right))
				h.checkNoPlainSecret()
				if k := openEither(t, h, right); len(k.Leftovers()) > 0 {
					t.Fatalf("%v", k.Leftovers())
				}
			},
			leftovers: []string{"keystore.seal.new is incomplete", "vault.key.new is incomplete", "encrypted by an older release"},
			steps:     5 * 8,
		},
		"Generate": {
			of: encrypted,
			run: func(h *harness) error {
				_, err := withPassphrase.Generate(h.dir, nil)
				return err
			},
			stopped: func(t *testing.T, h *harness) *Keys {
				k := openEither(t, h, right)
				if n := len(k.Issuers); n != 2 && n != 3 || k.IssuerID != h.made.IssuerID {
					t.Fatalf("issuers %v", ids(k))
				}
				return k
			},
			finished: func(t *testing.T, h *harness) {
				if k := openEither(t, h, right); len(k.Issuers) < 3 || len(k.Plain()) > 0 {
					t.Fatalf("issuers %v, plain %v", ids(k), k.Plain())
				}
			},
			leftovers: []string{".key.new is incomplete"},
			steps:     4,
		},
		"Retire": {
			of:  plain,
			run: func(h *harness) error { return Retire(h.dir, h.issuer(0)) },
			stopped: func(t *testing.T, h *harness) *Keys {
				k := openEither(t, h, "")
				if got := ids(k); len(got) > 2 || got[len(got)-1] != h.issuer(1) {
					t.Fatalf("issuers %v", got)
				}
				return k
			},
			finished: func(t *testing.T, h *harness) {
				if got := ids(openEither(t, h, "")); len(got) != 1 || got[0] != h.issuer(1) {
					t.Fatalf("issuers %v", got)
				}
				was := plain.files()[issuerFile(h.issuer(0))]
				seed := strings.TrimPrefix(strings.Split(was, "\n")[2], "seed ")
				for name, text := range h.files() {
					if strings.Contains(text, seed) {
						t.Fatalf("%s contains the retired secret", name)
					}
				}
				if h.files()[retiredFile(h.issuer(0))] != string(retiredText(h.issuer(0))) {
					t.Fatal("the id could be reused")
				}
			},
			leftovers: []string{"a retirement was interrupted"},
			steps:     4,
		},
		"NewFieldKey": {
			of: encrypted,
			run: func(h *harness) error {
				_, err := withPassphrase.NewFieldKey(h.dir)
				return err
			},
			stopped: func(t *testing.T, h *harness) *Keys { return openEither(t, h, right) },
			finished: func(t *testing.T, h *harness) {
				if k := openEither(t, h, right); len(k.FieldKeys) < 3 {
					t.Fatalf("%d field keys", len(k.FieldKeys))
				}
			},
			leftovers: []string{"vault-field-3.key.new is incomplete"},
			steps:     4,
		},
		"DropFieldKey": {
			of: encrypted,
			run: func(h *harness) error {
				if err := DropFieldKey(h.dir, 1); err != nil && !strings.Contains(err.Error(), "has no vault-field-1.key") {
					return err // the key was dropped before
				}
				return nil
			},
			stopped: func(t *testing.T, h *harness) *Keys {
				k := openEither(t, h, right)
				if n := len(k.FieldKeys); k.FieldKeys[n-1].Number != 2 {
					t.Fatal("the newest field key is lost")
				}
				return k
			},
			finished: func(t *testing.T, h *harness) {
				if k := openEither(t, h, right); len(k.FieldKeys) != 1 || exists(h.file("vault-field-1.dropped")) {
					t.Fatal("the field key still exists")
				}
			},
			leftovers: []string{"the destruction of a field key was interrupted"},
			steps:     5,
		},
	}
}
