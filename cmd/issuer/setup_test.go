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

// A directory is made in the clear, sealed, sealed anew, and serves all along.
func TestKeysAreSealed(t *testing.T) {
	d := newSystem(t)
	out := d.does("-check")
	runtest.Has(t, out, "warning: key file authority.key is not sealed", "warning: SANDBOX: face_check.provider", "warning: SANDBOX: residents.provider", "settings are valid")

	first, second := d.textFile("first", "correct horse battery\n"), d.textFile("second", "staple correct horse\n")
	d.refused("set keys_passphrase_file", "-encrypt-keys")
	d.refused("at least 16 bytes", "-encrypt-keys", "-keys_passphrase_file", d.textFile("short", "short\n"))
	runtest.Has(t, d.does("-encrypt-keys", "-keys_passphrase_file", first), "is sealed")
	d.refused("set keys_passphrase_file", "-check")
	d.refused("keys_passphrase_file: keystore: wrong passphrase", "-check", "-keys_passphrase_file", second)
	d.refused("keys_passphrase_file: keystore: passphrase", "-check", "-keys_passphrase_file", filepath.Join(d.dir, "nowhere"))
	runtest.Must(t, os.Chmod(second, 0o644))
	d.refused("others may read", "-re-encrypt-keys", second, "-keys_passphrase_file", first)
	runtest.Must(t, os.Chmod(second, 0o400))
	runtest.Has(t, d.does("-re-encrypt-keys", second, "-keys_passphrase_file", first), "opens with the passphrase in "+second)
	d.refused("wrong passphrase", "-check", "-keys_passphrase_file", first)

	d.flags = []string{"-keys_passphrase_file", second}
	runtest.HasNot(t, d.does("-check"), "not sealed")
	d.serves()
	d.signsWith(d.keys.IssuerID)
	fresh := made(t, d.orders("-new-key"))
	if k, err := (keystore.Options{Passphrase: "staple correct horse"}).Open(d.config.Keys); err != nil || len(k.Issuers) != 2 || k.Issuers[1].ID != fresh || len(k.Plain()) > 0 {
		t.Fatalf("%+v, %v", k, err)
	}
}

// With a passphrase no key ever lies there in the clear, and a slip in the flag that
// names it makes nothing.
func TestKeysAreMadeSealed(t *testing.T) {
	d := newSystem(t)
	dir, file := filepath.Join(d.dir, "sealed"), d.textFile("first", "correct horse battery\n")
	bare := func(args ...string) (string, error) {
		var out strings.Builder
		err := runTo(t.Context(), args, &out)
		return out.String(), err
	}
	if _, err := bare("-init", dir, "-keys-passphrase-file", file); err == nil {
		t.Fatal("a flag that does not exist was ignored")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Fatal("keys were made")
	}
	out, err := bare("-init", dir, "-keys_passphrase_file", file)
	runtest.Must(t, err)
	runtest.Has(t, out, "are sealed", `authority = "`)
	if _, err := keystore.Open(dir); err == nil {
		t.Fatal("opens without the passphrase")
	}
}

// A folder that the release before age has sealed serves as it is; each start and -check
// say what to do, and -encrypt-keys does it.
func TestKeysThatAnOlderReleaseSealed(t *testing.T) {
	d := newSystem(t)
	d.flags = []string{"-keys", filepath.Join(d.dir, "old"), "-keys_passphrase_file", d.textFile("first", "correct horse battery\n")}
	runtest.Must(t, os.CopyFS(filepath.Join(d.dir, "old"), os.DirFS("../../issuance/keystore/testdata/argon2id/sealed")))
	if err := filepath.WalkDir(filepath.Join(d.dir, "old"), func(path string, e fs.DirEntry, err error) error {
		mode := fs.FileMode(0o600)
		if err == nil && e.IsDir() {
			mode = 0o700
		}
		return errors.Join(err, os.Chmod(path, mode))
	}); err != nil {
		t.Fatal(err)
	}
	runtest.Has(t, d.does("-check"), "warning: the directory was sealed by an older release", "settings are valid: issuer keys 1872, 23147,")
	runtest.Has(t, d.does("-encrypt-keys"), "is sealed")
	runtest.HasNot(t, d.does("-check"), "older release", "not sealed")
}
