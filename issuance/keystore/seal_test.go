package keystore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSealedKeysComeBackAsTheyWereMade(t *testing.T) {
	h := build(t, sealedBy)
	h.holdsNoSecret()
	got, err := sealedBy.Open(h.dir)
	h.must(err)
	h.same(got)
	if len(got.Plain()) > 0 || len(got.Leftovers()) > 0 {
		t.Fatalf("plain %v, leftovers %v", got.Plain(), got.Leftovers())
	}
}

func TestSealMakesAPlainDirectorySealed(t *testing.T) {
	h := build(t, Options{})
	if got := h.made.Plain(); len(got) != 6 || !slices.Contains(got, vaultFile) {
		t.Fatalf("plain: %v", got)
	}
	// An open file still has its bytes when its name is gone.
	behind, err := os.Open(h.file(vaultFile))
	h.must(err)
	defer behind.Close()
	h.must(os.Chmod(h.file(vaultFile), 0o400))
	h.must(Seal(h.dir, right))
	h.holdsNoSecret()
	if text, err := io.ReadAll(behind); err != nil || strings.Contains(string(text), "master") {
		t.Fatalf("the plain file's bytes were not erased: %v", err)
	}
	got, err := sealedBy.Open(h.dir)
	h.must(err)
	h.same(got)
	if len(got.Plain()) > 0 {
		t.Fatalf("still plain: %v", got.Plain())
	}
	_, err = Open(h.dir)
	if !errors.Is(err, ErrSealed) {
		t.Fatalf("without a passphrase: %v", err)
	}
	before := h.files()
	h.must(Seal(h.dir, right))
	for name, text := range h.files() {
		if before[name] != text {
			t.Fatalf("sealing again changed %s", name)
		}
	}
}

func TestWrongPassphraseIsOneError(t *testing.T) {
	h := build(t, sealedBy)
	for _, wrong := range []Passphrase{other, right + " ", right[1:], "x", Passphrase(strings.ToUpper(string(right)))} {
		_, err := Options{Passphrase: wrong}.Open(h.dir)
		if err != ErrPassphrase {
			t.Fatalf("%v", err)
		}
		h.tellsNothing(err.Error())
		if _, err := (Options{Passphrase: wrong}).Generate(h.dir, nil); err != ErrPassphrase {
			t.Fatalf("Generate: %v", err)
		}
		if err := Reseal(h.dir, wrong, other+"!"); err != ErrPassphrase {
			t.Fatalf("Reseal: %v", err)
		}
		if len(wrong) < MinPassphrase {
			continue
		}
		if err := Seal(h.dir, wrong); err != ErrPassphrase {
			t.Fatalf("Seal: %v", err)
		}
	}
	// A damaged seal looks the same from outside.
	text := []byte(h.files()[sealFile])
	at := len(text) - 2 // the last digit
	text[at] ^= 1
	if text[at] > 'f' || text[at] > '9' && text[at] < 'a' {
		text[at] = '0'
	}
	h.must(os.WriteFile(h.file(sealFile), text, 0o600))
	if _, err := sealedBy.Open(h.dir); err != ErrPassphrase {
		t.Fatalf("%v", err)
	}
}

// argon2id is the dear step: one run, however many files.
func TestOpenStretchesThePassphraseOnce(t *testing.T) {
	h := build(t, sealedBy)
	runs := 0
	plain := stretch
	stretch = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		runs++
		return plain(password, salt, time, memory, threads, keyLen)
	}
	t.Cleanup(func() { stretch = plain })
	_, err := sealedBy.Open(h.dir)
	h.must(err)
	if runs != 1 {
		t.Fatalf("%d runs", runs)
	}
}

// Nothing about the file is authenticated before the work is done, so the work it
// may ask for is bounded.
func TestAHostileSealCannotAskForMuch(t *testing.T) {
	h := build(t, sealedBy)
	text := h.files()[sealFile]
	plain := stretch
	t.Cleanup(func() { stretch = plain })
	stretch = func([]byte, []byte, uint32, uint32, uint8, uint32) []byte {
		t.Error("the work was done")
		return make([]byte, keySize)
	}
	for _, c := range [][2]string{
		{"memory 64", "memory 104857600"}, {"memory 64", "memory 262145"}, {"memory 64", "memory 0"}, {"memory 64", "memory 064"},
		{"memory 64", "memory -64"}, {"memory 64", "memory 18446744073709551680"}, {"time 1", "time 17"}, {"time 1", "time 0"},
		{"time 1", "time +1"}, {"threads 1", "threads 17"}, {"threads 1", "threads 0"}, {"threads 1", "threads 257"},
		{"kdf argon2id", "kdf argon2i"}, {"salt ", "salt 00"}, {"memory 64\n", ""}, {"time 1", "time 1\ntime 1"},
	} {
		bad := strings.Replace(text, c[0], c[1], 1)
		if bad == text {
			t.Fatalf("%q is not in the file", c[0])
		}
		h.must(os.WriteFile(h.file(sealFile), []byte(bad), 0o600))
		_, err := sealedBy.Open(h.dir)
		h.refuses(err, sealFile)
	}
	worst := strings.NewReplacer("memory 64", "memory 262144", "time 1", "time 16", "threads 1", "threads 16").Replace(text)
	if c, _, _, err := parseSeal([]byte(worst)); err != nil || c != (cost{maxTime, maxMemory, maxThreads}) {
		t.Fatalf("the bounds themselves: %v, %v", c, err)
	}
}

func TestResealEndsTheOldPassphraseAndTheOldKey(t *testing.T) {
	h := build(t, sealedBy)
	stolen := h.copy(t)
	h.must(Reseal(h.dir, right, other))
	got, err := Options{Passphrase: other}.Open(h.dir)
	h.must(err)
	h.same(got)
	if len(got.Leftovers()) > 0 {
		t.Fatalf("%v", got.Leftovers())
	}
	if _, err := sealedBy.Open(h.dir); err != ErrPassphrase {
		t.Fatalf("the old passphrase: %v", err)
	}
	// Somebody has the old passphrase and the old files. A key made later, put into
	// them, stays shut.
	made, err := Options{Passphrase: other}.Generate(h.dir, nil)
	h.must(err)
	later := h.files()[issuerFile(made.ID)]
	h.must(os.WriteFile(stolen.file(issuerFile(made.ID)), []byte(later), 0o600))
	_, err = sealedBy.Open(stolen.dir)
	h.refuses(err, "before a Reseal")
	// Nor does an old file open among the new ones.
	h.must(os.WriteFile(h.file(vaultFile), []byte(stolen.files()[vaultFile]), 0o600))
	_, err = Options{Passphrase: other}.Open(h.dir)
	h.refuses(err, "before a Reseal")

	plain := build(t, Options{})
	plain.refuses(Reseal(plain.dir, right, other), "Seal it")
}

func TestShortPassphrasesSealNothing(t *testing.T) {
	short := right[:MinPassphrase-1]
	h := build(t, Options{})
	h.refuses(Seal(h.dir, short), "16 bytes")
	_, err := Options{Passphrase: short}.Init(filepath.Join(t.TempDir(), "keys"))
	h.refuses(err, "16 bytes")
	h.must(Seal(h.dir, right))
	h.refuses(Reseal(h.dir, right, short), "16 bytes")
	_, err = sealedBy.Open(h.dir)
	h.must(err)
}

// A directory with a bad file is left as it was.
func TestSealLooksBeforeItStarts(t *testing.T) {
	h := build(t, Options{})
	outside := filepath.Join(t.TempDir(), "vault.key")
	h.must(os.Rename(h.file(vaultFile), outside))
	h.must(os.Symlink(outside, h.file(vaultFile)))
	h.refuses(Seal(h.dir, right), "not a regular file")
	h.must(os.Remove(h.file(vaultFile)))
	h.must(os.WriteFile(h.file(vaultFile), []byte("nonsense\n"), 0o600))
	h.refuses(Seal(h.dir, right), "does not begin")
	if exists(h.file(sealFile)) {
		t.Fatal("it began all the same")
	}
	empty := t.TempDir()
	h.must(os.Chmod(empty, 0o700))
	h.refuses(Seal(empty, right), "no keys")
}
