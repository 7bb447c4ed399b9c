package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
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
					h := s.house(t)
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
		h := s.house(t)
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
			h := &house{t: t, dir: filepath.Join(t.TempDir(), "keys")}
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
	_, err = Open(h.dir)
	h.refuses(err, "another command is at work")
}
