package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A plain key directory is encrypted, encrypted with another passphrase, and usable in
// each state.
func TestKeyDirectoryIsEncrypted(t *testing.T) {
	h := newHarness(t)
	out := h.mustRun("-check")
	runtest.Has(t, out, "warning: key file authority.key is not encrypted", "warning: SANDBOX: face_check.provider", "warning: SANDBOX: residents.provider", "settings are valid")

	first, second := h.textFile("first", "correct horse battery\n"), h.textFile("second", "staple correct horse\n")
	h.wantError("set keys_passphrase_file", "-encrypt-keys")
	h.wantError("at least 16 bytes", "-encrypt-keys", "-keys_passphrase_file", h.textFile("short", "short\n"))
	runtest.Has(t, h.mustRun("-encrypt-keys", "-keys_passphrase_file", first), "is encrypted")
	h.wantError("set keys_passphrase_file", "-check")
	h.wantError("keys_passphrase_file: keystore: wrong passphrase", "-check", "-keys_passphrase_file", second)
	h.wantError("keys_passphrase_file: keystore: passphrase", "-check", "-keys_passphrase_file", filepath.Join(h.dir, "nowhere"))
	runtest.Must(t, os.Chmod(second, 0o644))
	h.wantError("others may read", "-re-encrypt-keys", second, "-keys_passphrase_file", first)
	runtest.Must(t, os.Chmod(second, 0o400))
	runtest.Has(t, h.mustRun("-re-encrypt-keys", second, "-keys_passphrase_file", first), "opens with the passphrase in "+second)
	h.wantError("wrong passphrase", "-check", "-keys_passphrase_file", first)

	h.flags = []string{"-keys_passphrase_file", second}
	runtest.HasNot(t, h.mustRun("-check"), "not encrypted")
	h.startReady()
	h.wantSigningKey(h.keys.IssuerID)
	fresh := generatedKey(t, h.asOperator("-new-key"))
	if k, err := (keystore.Options{Passphrase: "staple correct horse"}).Open(h.config.Keys); err != nil || len(k.Issuers) != 2 || k.Issuers[1].ID != fresh || len(k.Plain()) > 0 {
		t.Fatalf("%+v, %v", k, err)
	}
}

// -init with a passphrase never writes a key in clear, and a mistyped passphrase flag
// creates nothing.
func TestInitEncryptsTheKeys(t *testing.T) {
	h := newHarness(t)
	dir, file := filepath.Join(h.dir, "encrypted"), h.textFile("first", "correct horse battery\n")
	bare := func(args ...string) (string, error) {
		var out strings.Builder
		err := runTo(t.Context(), args, &out)
		return out.String(), err
	}
	if _, err := bare("-init", dir, "-keys-passphrase-file", file); err == nil {
		t.Fatal("an unknown flag was ignored")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Fatal("keys were created despite an unknown flag")
	}
	out, err := bare("-init", dir, "-keys_passphrase_file", file)
	runtest.Must(t, err)
	runtest.Has(t, out, "are encrypted", `authority = "`)
	if _, err := keystore.Open(dir); err == nil {
		t.Fatal("the key directory opens without the passphrase")
	}
}

// A key directory encrypted by a release before age works unchanged. Each start and
// -check warn about it, and -encrypt-keys converts it.
func TestKeysEncryptedByAnOlderRelease(t *testing.T) {
	h := newHarness(t)
	h.flags = []string{"-keys", filepath.Join(h.dir, "old"), "-keys_passphrase_file", h.textFile("first", "correct horse battery\n")}
	runtest.Must(t, os.CopyFS(filepath.Join(h.dir, "old"), os.DirFS("../../issuance/keystore/testdata/argon2id/sealed")))
	if err := filepath.WalkDir(filepath.Join(h.dir, "old"), func(path string, e fs.DirEntry, err error) error {
		mode := fs.FileMode(0o600)
		if err == nil && e.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, os.Chmod(path, mode))
	}); err != nil {
		t.Fatal(err)
	}
	runtest.Has(t, h.mustRun("-check"), "warning: the directory was encrypted by an older release", "settings are valid: issuer keys 1872, 23147,")
	runtest.Has(t, h.mustRun("-encrypt-keys"), "is encrypted")
	runtest.HasNot(t, h.mustRun("-check"), "older release", "not encrypted")
}

// The command needs no settings, and refuses a folder with other content.
func TestHandheldPageIsExported(t *testing.T) {
	dir, out := t.TempDir(), &strings.Builder{}
	runtest.Must(t, runTo(t.Context(), []string{"-export-handheld", dir}, out))
	runtest.Has(t, out.String(), "release 2", filepath.Join(dir, "current"))
	for _, name := range []string{"handheld/index.html", "handheld/files.js", "handheld/sw.js", "ui/page.js.gz", "npm/zxing-wasm/zxing_reader.wasm"} {
		if info, err := os.Stat(filepath.Join(dir, "current", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := t.TempDir()
	runtest.Must(t, os.WriteFile(filepath.Join(other, "notes.txt"), []byte("x"), 0o600))
	if err := runTo(t.Context(), []string{"-export-handheld", other}, out); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a folder with other content: %v", err)
	}
}
