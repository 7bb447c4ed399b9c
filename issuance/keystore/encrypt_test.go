package keystore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestEncryptedKeysAreReturnedUnchanged(t *testing.T) {
	h := build(t, withPassphrase)
	h.checkNoPlainSecret()
	got := h.mustOpen(withPassphrase)
	h.checkSame(got)
	if len(got.Plain()) > 0 || len(got.Leftovers()) > 0 {
		t.Fatalf("plain %v, leftovers %v", got.Plain(), got.Leftovers())
	}
}

func TestEncryptEncryptsAPlainDirectory(t *testing.T) {
	h := build(t, Options{})
	if got := h.made.Plain(); len(got) != 6 || !slices.Contains(got, vaultKind.file) {
		t.Fatalf("plain: %v", got)
	}
	// An open file keeps its content after it is removed.
	old, err := os.Open(h.file(vaultKind.file))
	h.must(err)
	defer old.Close()
	h.must(os.Chmod(h.file(vaultKind.file), 0o400))
	h.must(Encrypt(h.dir, right))
	h.checkNoPlainSecret()
	if text, err := io.ReadAll(old); err != nil || strings.Contains(string(text), "master") {
		t.Fatalf("the plain file's bytes were not erased: %v", err)
	}
	got := h.mustOpen(withPassphrase)
	h.checkSame(got)
	if len(got.Plain()) > 0 {
		t.Fatalf("still plain: %v", got.Plain())
	}
	_, err = Open(h.dir)
	if !errors.Is(err, ErrNoPassphrase) {
		t.Fatalf("without a passphrase: %v", err)
	}
	before := h.files()
	h.must(Encrypt(h.dir, right))
	for name, text := range h.files() {
		if before[name] != text {
			t.Fatalf("a second Encrypt changed %s", name)
		}
	}
}

func TestWrongPassphraseIsOneError(t *testing.T) {
	h := build(t, withPassphrase)
	for _, wrong := range []Passphrase{other, right + " ", right[1:], "x", Passphrase(strings.ToUpper(string(right)))} {
		_, err := Options{Passphrase: wrong}.Open(h.dir)
		if err != ErrPassphrase {
			t.Fatalf("%v", err)
		}
		h.checkNoSecret(err.Error())
		if _, err := (Options{Passphrase: wrong}).Generate(h.dir, nil); err != ErrPassphrase {
			t.Fatalf("Generate: %v", err)
		}
		if err := ReEncrypt(h.dir, wrong, other+"!"); err != ErrPassphrase {
			t.Fatalf("ReEncrypt: %v", err)
		}
		if len(wrong) < MinPassphrase {
			continue
		}
		if err := Encrypt(h.dir, wrong); err != ErrPassphrase {
			t.Fatalf("Encrypt: %v", err)
		}
	}
	// A damaged seal file gives the same error.
	text := []byte(h.files()[sealFile])
	text[len(text)-1] ^= 1
	h.must(os.WriteFile(h.file(sealFile), text, 0o600))
	if _, err := withPassphrase.Open(h.dir); err != ErrPassphrase {
		t.Fatalf("%v", err)
	}
}

// watched reports every run of scrypt and its result.
type watched struct {
	age.Identity
	observe func(stanzas []*age.Stanza, err error)
}

func (w watched) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := w.Identity.Unwrap(stanzas)
	w.observe(stanzas, err)
	return key, err
}

func watchScrypt(t testing.TB, observe func(stanzas []*age.Stanza, err error)) {
	original := newScrypt
	t.Cleanup(func() { newScrypt = original })
	newScrypt = func(p Passphrase) (age.Identity, error) {
		i, err := original(p)
		return watched{i, observe}, err
	}
}

// scrypt is the expensive step: it runs once for any number of files.
func TestOpenRunsScryptOnce(t *testing.T) {
	h := build(t, withPassphrase)
	runs := 0
	watchScrypt(t, func([]*age.Stanza, error) { runs++ })
	h.mustOpen(withPassphrase)
	if runs != 1 {
		t.Fatalf("%d runs", runs)
	}
	old := oldHarness(t, "sealed")
	original := argon
	t.Cleanup(func() { argon = original })
	argon = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		runs++
		return original(password, salt, time, memory, threads, keyLen)
	}
	_, err := withPassphrase.Open(old.dir)
	h.must(err)
	if runs != 2 {
		t.Fatalf("%d runs", runs)
	}
}

// The work factor is read before the file is authenticated: the work is bounded.
func TestWorkOfAHostileSealFileIsBounded(t *testing.T) {
	h := build(t, withPassphrase)
	text := h.files()[sealFile]
	var outcome error
	watchScrypt(t, func(_ []*age.Stanza, err error) { outcome = err })
	open := func(text string) error {
		h.must(os.WriteFile(h.file(sealFile), []byte(text), 0o600))
		_, err := withPassphrase.Open(h.dir)
		return err
	}
	line := text[strings.Index(text, "-> scrypt "):]
	line = line[:strings.Index(line, "\n")]
	salted := strings.TrimSuffix(line, " 1")
	if salted == line {
		t.Fatalf("%q", line)
	}
	for _, factor := range []string{"19", "22", "30", "31", "64", "0", "01", "-1", "+1", "1x", "4294967297", "18446744073709551617", "1 1", ""} {
		outcome = nil
		h.wantError(open(strings.Replace(text, line, salted+" "+factor, 1)), sealFile)
		if errors.Is(outcome, age.ErrIncorrectIdentity) {
			t.Errorf("scrypt ran with the factor %q", factor)
		}
	}
	h.wantError(open(strings.Replace(text, line, salted+" "+strconv.Itoa(maxWorkFactor), 1)), sealFile)
	if !errors.Is(outcome, age.ErrIncorrectIdentity) {
		t.Errorf("the maximum factor: %v", outcome)
	}
	// Two scrypt stanzas would double the work.
	body := text[strings.Index(text, line):strings.Index(text, "\n--- ")]
	outcome = nil
	h.wantError(open(strings.Replace(text, body, body+"\n"+body, 1)), sealFile)
	if outcome == nil || errors.Is(outcome, age.ErrIncorrectIdentity) {
		t.Errorf("two stanzas: %v", outcome)
	}
}

func TestWorkOfAHostileLegacySealFileIsBounded(t *testing.T) {
	h := oldHarness(t, "sealed")
	text := h.files()[sealFile]
	original := argon
	t.Cleanup(func() { argon = original })
	argon = func([]byte, []byte, uint32, uint32, uint8, uint32) []byte {
		t.Error("argon2id ran")
		return make([]byte, secretSize)
	}
	for _, c := range [][2]string{
		{"memory 65536", "memory 104857600"}, {"memory 65536", "memory 262145"}, {"memory 65536", "memory 0"}, {"memory 65536", "memory 065536"},
		{"memory 65536", "memory -64"}, {"memory 65536", "memory 18446744073709551680"}, {"time 3", "time 17"}, {"time 3", "time 0"},
		{"time 3", "time +3"}, {"threads 4", "threads 17"}, {"threads 4", "threads 0"}, {"threads 4", "threads 257"},
		{"kdf argon2id", "kdf argon2i"}, {"salt ", "salt 00"}, {"memory 65536\n", ""}, {"time 3", "time 3\ntime 3"},
	} {
		bad := strings.Replace(text, c[0], c[1], 1)
		if bad == text {
			t.Fatalf("%q is not in the file", c[0])
		}
		h.must(os.WriteFile(h.file(sealFile), []byte(bad), 0o600))
		h.mustNotOpen(withPassphrase, sealFile)
	}
	worst := strings.NewReplacer("memory 65536", "memory 262144", "time 3", "time 16", "threads 4", "threads 16").Replace(text)
	ran := false
	argon = func(_, _ []byte, time, memory uint32, threads uint8, _ uint32) []byte {
		ran = time == 16 && memory == 256<<10 && threads == 16
		return make([]byte, secretSize)
	}
	h.must(os.WriteFile(h.file(sealFile), []byte(worst), 0o600))
	if _, err := withPassphrase.Open(h.dir); err != ErrPassphrase || !ran {
		t.Fatalf("the maximum parameters: %v", err)
	}
}

func TestReEncryptInvalidatesTheOldPassphraseAndKey(t *testing.T) {
	h := build(t, withPassphrase)
	stolen := h.copy(t)
	h.must(ReEncrypt(h.dir, right, other))
	got := h.mustOpen(Options{Passphrase: other})
	h.checkSame(got)
	if len(got.Leftovers()) > 0 {
		t.Fatalf("%v", got.Leftovers())
	}
	if _, err := withPassphrase.Open(h.dir); err != ErrPassphrase {
		t.Fatalf("the old passphrase: %v", err)
	}
	// An attacker with the old passphrase and the old files cannot decrypt a key that was made later.
	made, err := Options{Passphrase: other}.Generate(h.dir, nil)
	h.must(err)
	later := h.files()[issuerFile(made.ID)]
	h.must(os.WriteFile(stolen.file(issuerFile(made.ID)), []byte(later), 0o600))
	stolen.mustNotOpen(withPassphrase, "with an earlier key")
	// An old file does not open among the new ones.
	h.must(os.WriteFile(h.file(vaultKind.file), []byte(stolen.files()[vaultKind.file]), 0o600))
	h.mustNotOpen(Options{Passphrase: other}, "with an earlier key")

	plain := build(t, Options{})
	plain.wantError(ReEncrypt(plain.dir, right, other), "encrypt it first")
}

func TestShortPassphraseIsRefused(t *testing.T) {
	short := right[:MinPassphrase-1]
	h := build(t, Options{})
	h.wantError(Encrypt(h.dir, short), "16 bytes")
	_, err := Options{Passphrase: short}.Init(filepath.Join(t.TempDir(), "keys"))
	h.wantError(err, "16 bytes")
	h.must(Encrypt(h.dir, right))
	h.wantError(ReEncrypt(h.dir, right, short), "16 bytes")
	h.mustOpen(withPassphrase)
}

// A directory with a damaged file is not changed.
func TestEncryptChecksAllFilesFirst(t *testing.T) {
	h := build(t, Options{})
	outside := filepath.Join(t.TempDir(), "vault.key")
	h.must(os.Rename(h.file(vaultKind.file), outside))
	h.must(os.Symlink(outside, h.file(vaultKind.file)))
	h.wantError(Encrypt(h.dir, right), "not a regular file")
	h.must(os.Remove(h.file(vaultKind.file)))
	h.must(os.WriteFile(h.file(vaultKind.file), []byte("nonsense\n"), 0o600))
	h.wantError(Encrypt(h.dir, right), "does not begin")
	if exists(h.file(sealFile)) {
		t.Fatal("the encryption began")
	}
	empty := t.TempDir()
	h.must(os.Chmod(empty, 0o700))
	h.wantError(Encrypt(empty, right), "no keys")
}

// An operator can decrypt the files with the passphrase and the age command only.
func TestAgeCommandDecryptsTheFiles(t *testing.T) {
	h := build(t, withPassphrase)
	with, err := age.NewScryptIdentity(string(right))
	h.must(err)
	identities, err := age.Decrypt(strings.NewReader(h.files()[sealFile]), with)
	h.must(err)
	all, err := age.ParseIdentities(identities)
	h.must(err)
	opened, err := age.Decrypt(strings.NewReader(h.files()[vaultKind.file]), all...)
	h.must(err)
	text, err := io.ReadAll(opened)
	h.must(err)
	if v, err := vaultKind.parse(text); err != nil || v.secret != h.made.Vault {
		t.Fatalf("%v", err)
	}
}

func TestPassphraseFileHasOneLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	long := strings.Repeat("x", maxPassphrase)
	for text, want := range map[string]string{
		"secret words": "secret words", "secret words\n": "secret words", "secret words\r\n": "secret words", " x \n": " x ",
		"": "", "\n": "", "one\ntwo\n": "", "one\n\n": "", "nul\x00": "", long: long, long + "x": "",
	} {
		runtest.Must(t, os.WriteFile(path, []byte(text), 0o600))
		got, err := ReadPassphrase(path, ownfile.Trust{})
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%d bytes of text gave a passphrase of %d bytes: %v", len(text), len(got), err)
		}
		if err != nil && (strings.Contains(err.Error(), "one\n") || !strings.Contains(err.Error(), "one line")) {
			t.Errorf("%v", err)
		}
	}
}

func TestPassphraseFileMustNotBeReadableByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	runtest.Must(t, os.WriteFile(path, []byte(right), 0o600))
	group := ownfile.Trust{Group: os.Getegid()}
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o440: true, 0o640: true, 0o644: false, 0o444: false, 0o404: false, 0o660: false, 0o602: false,
	} {
		runtest.Must(t, os.Chmod(path, mode))
		if _, err := ReadPassphrase(path, group); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	for _, bad := range []string{filepath.Dir(path), path + ".absent"} {
		if _, err := ReadPassphrase(bad, group); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestPassphraseIsNeverPrinted(t *testing.T) {
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%+v", "%#v", "%d"} {
		for _, value := range []any{right, withPassphrase, &withPassphrase} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, "horse") || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", "horse")) || !strings.Contains(got, "private") {
				t.Errorf("%s of %T prints %s", verb, value, got)
			}
		}
	}
	if out, err := json.Marshal(struct{ P Passphrase }{right}); err != nil || strings.Contains(string(out), "horse") {
		t.Errorf("JSON: %s, %v", out, err)
	}
}
