package keystore

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// No damage of a single byte of an encrypted directory gives a different key.
func TestEncryptedFileDamagedAtAnyByteIsRefused(t *testing.T) {
	h := build(t, withPassphrase)
	h.damagedAtAnyByte()
	old := oldHarness(t, "sealed")
	sealText := old.files()[sealFile]
	original := argon
	t.Cleanup(func() { argon = original })
	argon = func(password, salt []byte, time, memory uint32, threads uint8, size uint32) []byte {
		if head := fmt.Sprintf("time %d\nmemory %d\nthreads %d\nsalt %x\n", time, memory, threads, salt); !strings.Contains(sealText, head) {
			return make([]byte, size) // skips the work
		}
		return original(password, salt, time, memory, threads, size)
	}
	old.damagedAtAnyByte()
}

func (h *harness) damagedAtAnyByte() {
	t := h.t
	t.Helper()
	for name, text := range h.files() {
		if strings.HasSuffix(name, retired) || name == fieldFile(1) || name == issuerFile(h.issuer(0)) {
			continue // has no secret, or is the first of two files of its kind
		}
		try := func(what string, at int, bad []byte) {
			h.must(os.WriteFile(h.file(name), bad, 0o600))
			_, err := withPassphrase.Open(h.dir)
			if err == nil {
				t.Fatalf("%s opened with byte %d %s", name, at, what)
			}
			h.checkNoSecret(err.Error())
		}
		for i := 0; i < len(text); i += runtest.Every(7) {
			bad := []byte(text)
			bad[i] ^= 1 << (i % 8)
			try("changed", i, bad)
			try("and all later ones missing", i, []byte(text[:i]))
		}
		try("added", len(text), []byte(text+"\n"))
		h.must(os.WriteFile(h.file(name), []byte(text), 0o600))
	}
	h.checkSame(h.mustOpen(withPassphrase))
}

// Each file is valid, at a wrong place.
func TestExchangedFilesAreRefused(t *testing.T) {
	h, foreign := build(t, withPassphrase), build(t, withPassphrase)
	one, two := issuerFile(h.issuer(0)), issuerFile(h.issuer(1))
	for name, c := range map[string]struct {
		to, from string
		of       *harness
		want     string
	}{
		"one issuer key under the other's name":     {one, two, h, "renamed or exchanged"},
		"one field key under the other's name":      {fieldFile(2), fieldFile(1), h, "renamed or exchanged"},
		"the vault's master as the authority":       {authorityKind.file, vaultKind.file, h, "does not begin"},
		"another directory's vault, one passphrase": {vaultKind.file, vaultKind.file, foreign, "another directory"},
		"another directory's seal, one passphrase":  {sealFile, sealFile, foreign, "another directory"},
		"an issuer key under a new name":            {issuerFile(7), one, h, "renamed or exchanged"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := h.copy(t)
			twin.must(os.WriteFile(twin.file(c.to), []byte(c.of.files()[c.from]), 0o600))
			twin.mustNotOpen(withPassphrase, c.want)
		})
	}
	// The text of one file with the head of another.
	twin := h.copy(t)
	cut := func(name string) (head, text string) {
		mac := strings.Index(h.files()[name], "\n--- ") + 1
		end := mac + strings.Index(h.files()[name][mac:], "\n") + 1
		return h.files()[name][:end], h.files()[name][end:]
	}
	head, _ := cut(vaultKind.file)
	_, text := cut(fieldFile(1))
	h.must(os.WriteFile(twin.file(vaultKind.file), []byte(head+text), 0o600))
	twin.mustNotOpen(withPassphrase, "exchanged")
	// Files in the legacy format are bound to their names, too.
	old := oldHarness(t, "sealed")
	for _, to := range []string{fieldFile(2), vaultKind.file} {
		twin, from := old.copy(t), fieldFile(1)
		spliced := strings.Replace(old.files()[from], fieldKind.head(legacyForm), kindOf(to).head(legacyForm), 1)
		h.must(os.WriteFile(twin.file(to), []byte(spliced), 0o600))
		twin.mustNotOpen(withPassphrase, "exchanged")
	}

	h.must(os.Remove(h.file(sealFile)))
	h.mustNotOpen(withPassphrase, sealFile+" is missing")
}

// A plain key file among encrypted ones is read and reported.
func TestPlainFileAmongEncryptedOnesIsReported(t *testing.T) {
	h, plain := build(t, withPassphrase), build(t, Options{})
	h.must(os.WriteFile(h.file(vaultKind.file), []byte(plain.files()[vaultKind.file]), 0o600))
	got := h.mustOpen(withPassphrase)
	if p := got.Plain(); len(p) != 1 || p[0] != vaultKind.file {
		t.Fatalf("plain: %v", p)
	}
	if l := strings.Join(got.Leftovers(), "\n"); !strings.Contains(l, vaultKind.file) || !strings.Contains(l, "encrypt the directory again") {
		t.Fatalf("leftovers: %v", l)
	}
}

func TestPermissionsOfEncryptedFilesAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(h *harness) error
		want  string
	}{
		"a seal that others may read":       {func(h *harness) error { return os.Chmod(h.file(sealFile), 0o644) }, "mode 0644"},
		"a key that a group may write":      {func(h *harness) error { return os.Chmod(h.file(vaultKind.file), 0o620) }, "mode 0620"},
		"a directory that others may write": {func(h *harness) error { return os.Chmod(h.dir, 0o707) }, "mode 0707"},
		"a missing directory": {func(h *harness) error {
			return os.Rename(h.dir, h.dir+"2")
		}, "no such file"},
		"a directory in the place of a file": {func(h *harness) error {
			h.must(os.Remove(h.file(sealFile)))
			return os.Mkdir(h.file(sealFile), 0o700)
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, withPassphrase)
			h.must(c.spoil(h))
			h.mustNotOpen(withPassphrase, c.want)
			_, err := withPassphrase.Generate(h.dir, nil)
			if !strings.Contains(name, "a key that") { // Generate reads no other key
				h.wantError(err, c.want)
			}
			h.wantError(ReEncrypt(h.dir, right, other), c.want)
		})
	}
}
