package keystore

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Whatever happens to one byte of a sealed directory, no other key comes of it.
func TestSealedFileDamagedAtAnyByte(t *testing.T) {
	h := build(t, sealedBy)
	h.damagedAtAnyByte()
	old := oldSystem(t, "sealed")
	sealText := old.files()[sealFile]
	genuine := argon
	t.Cleanup(func() { argon = genuine })
	argon = func(password, salt []byte, time, memory uint32, threads uint8, size uint32) []byte {
		if head := fmt.Sprintf("time %d\nmemory %d\nthreads %d\nsalt %x\n", time, memory, threads, salt); !strings.Contains(sealText, head) {
			return make([]byte, size) // the work is spared
		}
		return genuine(password, salt, time, memory, threads, size)
	}
	old.damagedAtAnyByte()
}

func (h *system) damagedAtAnyByte() {
	t := h.t
	t.Helper()
	for name, text := range h.files() {
		if strings.HasSuffix(name, retired) || name == fieldFile(1) || name == issuerFile(h.issuer(0)) {
			continue // the one holds no secret, and of the others there are two
		}
		try := func(what string, at int, bad []byte) {
			h.must(os.WriteFile(h.file(name), bad, 0o600))
			_, err := sealedBy.Open(h.dir)
			if err == nil {
				t.Fatalf("%s opened with byte %d %s", name, at, what)
			}
			h.tellsNothing(err.Error())
		}
		for i := range text {
			bad := []byte(text)
			bad[i] ^= 1 << (i % 8)
			try("changed", i, bad)
			try("missing with all behind it", i, []byte(text[:i]))
		}
		try("more", len(text), []byte(text+"\n"))
		h.must(os.WriteFile(h.file(name), []byte(text), 0o600))
	}
	h.same(h.opened(sealedBy))
}

// Each file is good, and not where it belongs.
func TestExchangedFilesDoNotOpen(t *testing.T) {
	h, stranger := build(t, sealedBy), build(t, sealedBy)
	one, two := issuerFile(h.issuer(0)), issuerFile(h.issuer(1))
	for name, c := range map[string]struct {
		to, from string
		of       *system
		want     string
	}{
		"one issuer key under the other's name":     {one, two, h, "renamed or exchanged"},
		"one field key under the other's name":      {fieldFile(2), fieldFile(1), h, "renamed or exchanged"},
		"the vault's master as the authority":       {authorityKind.file, vaultKind.file, h, "does not begin"},
		"another directory's vault, one passphrase": {vaultKind.file, vaultKind.file, stranger, "another directory"},
		"another directory's seal, one passphrase":  {sealFile, sealFile, stranger, "another directory"},
		"an issuer key under a new name":            {issuerFile(7), one, h, "renamed or exchanged"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := h.copy(t)
			twin.must(os.WriteFile(twin.file(c.to), []byte(c.of.files()[c.from]), 0o600))
			twin.shut(sealedBy, c.want)
		})
	}
	// The text of one file, with the other's head in front of it.
	twin := h.copy(t)
	cut := func(name string) (head, text string) {
		mac := strings.Index(h.files()[name], "\n--- ") + 1
		end := mac + strings.Index(h.files()[name][mac:], "\n") + 1
		return h.files()[name][:end], h.files()[name][end:]
	}
	head, _ := cut(vaultKind.file)
	_, text := cut(fieldFile(1))
	h.must(os.WriteFile(twin.file(vaultKind.file), []byte(head+text), 0o600))
	twin.shut(sealedBy, "exchanged")
	// Files from before age are bound to their names, too.
	old := oldSystem(t, "sealed")
	for _, to := range []string{fieldFile(2), vaultKind.file} {
		twin, from := old.copy(t), fieldFile(1)
		spliced := strings.Replace(old.files()[from], fieldKind.head(legacyForm), kindOf(to).head(legacyForm), 1)
		h.must(os.WriteFile(twin.file(to), []byte(spliced), 0o600))
		twin.shut(sealedBy, "exchanged")
	}

	h.must(os.Remove(h.file(sealFile)))
	h.shut(sealedBy, sealFile+" is missing")
}

// A plain key among sealed ones is read, and said.
func TestPlainFileAmongSealedOnesIsSaid(t *testing.T) {
	h, plain := build(t, sealedBy), build(t, Options{})
	h.must(os.WriteFile(h.file(vaultKind.file), []byte(plain.files()[vaultKind.file]), 0o600))
	got := h.opened(sealedBy)
	if p := got.Plain(); len(p) != 1 || p[0] != vaultKind.file {
		t.Fatalf("plain: %v", p)
	}
	if l := strings.Join(got.Leftovers(), "\n"); !strings.Contains(l, vaultKind.file) || !strings.Contains(l, "seal the directory again") {
		t.Fatalf("leftovers: %v", l)
	}
}

func TestPermissionsOfSealedFiles(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(h *system) error
		want  string
	}{
		"a seal that others may read":      {func(h *system) error { return os.Chmod(h.file(sealFile), 0o644) }, "mode 0644"},
		"a key that a group may write":     {func(h *system) error { return os.Chmod(h.file(vaultKind.file), 0o620) }, "mode 0620"},
		"a directory that others may fill": {func(h *system) error { return os.Chmod(h.dir, 0o707) }, "mode 0707"},
		"a directory that is gone": {func(h *system) error {
			return os.Rename(h.dir, h.dir+"2")
		}, "no such file"},
		"a directory in the place of a file": {func(h *system) error {
			h.must(os.Remove(h.file(sealFile)))
			return os.Mkdir(h.file(sealFile), 0o700)
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, sealedBy)
			h.must(c.spoil(h))
			h.shut(sealedBy, c.want)
			_, err := sealedBy.Generate(h.dir, nil)
			if !strings.Contains(name, "a key that") { // Generate reads no other key
				h.refuses(err, c.want)
			}
			h.refuses(ReEncrypt(h.dir, right, other), c.want)
		})
	}
}
