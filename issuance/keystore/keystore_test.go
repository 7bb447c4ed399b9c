package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/tokens"
)

// initialize makes a directory with Init.
func initialize(t *testing.T) *harness {
	t.Helper()
	h := &harness{t: t, dir: filepath.Join(t.TempDir(), "keys")}
	var err error
	h.made, err = Init(h.dir)
	h.must(err)
	return h
}

func TestOpenReturnsTheKeysOfInit(t *testing.T) {
	h := initialize(t)
	made, again := h.made, h.mustOpen(Options{})
	if again.Authority.Public() != made.Authority.Public() || again.Issuer.Public() != made.Issuer.Public() ||
		again.IssuerID != made.IssuerID || again.Vault != made.Vault {
		t.Fatal("Open returned different keys")
	}
	if made.Authority.Public() == made.Issuer.Public() {
		t.Fatal("authority and issuer have the same key")
	}
	files, err := filepath.Glob(h.file("*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v: %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v: %v", filepath.Base(f), info.Mode(), err)
		}
	}
}

func TestInitNeverOverwrites(t *testing.T) {
	h := initialize(t)
	if _, err := Init(h.dir); err == nil {
		t.Fatal("a second Init succeeded")
	}
	if h.mustOpen(Options{}).Vault != h.made.Vault {
		t.Fatal("the keys changed")
	}
	// Of two concurrent calls, one fails.
	shared := filepath.Join(t.TempDir(), "keys")
	made1, made2 := make(chan error), make(chan error)
	for _, c := range []chan error{made1, made2} {
		go func() {
			_, err := Init(shared)
			c <- err
		}()
	}
	if a, b := <-made1, <-made2; (a == nil) == (b == nil) {
		t.Fatalf("exactly one of two concurrent calls must succeed: %v, %v", a, b)
	}
	_, err := Open(shared)
	h.must(err)
}

func TestKeyIDsStayOutOfTheTestRange(t *testing.T) {
	seen := make(map[uint16]bool)
	for range 2000 {
		id := drawID(noneTaken)
		if id == 0 || id >= FirstTestKey {
			t.Fatalf("id %d", id)
		}
		seen[uint16(id)] = true
	}
	if len(seen) < 1000 {
		t.Fatalf("2000 draws gave only %d different ids", len(seen))
	}
}

// Every error names the file and the remedy, and never the file's content.
func TestOpenRefusesBadFiles(t *testing.T) {
	// The seed of the authority key in every case, or almost.
	seed := strings.Repeat("5eed", 16)
	for name, c := range map[string]struct {
		spoil func(h *harness) error
		want  string
	}{
		"a file that others may read":       {func(h *harness) error { return os.Chmod(h.file(authorityKind.file), 0o640) }, "mode 0640"},
		"a directory that others may write": {func(h *harness) error { return os.Chmod(h.dir, 0o770) }, "mode 0770"},
		"a folder above that others may write": {func(h *harness) error {
			above := filepath.Dir(h.dir)
			h.t.Cleanup(func() { os.Chmod(above, 0o700) })
			return os.Chmod(above, 0o777)
		}, "may replace the files"},
		"a second name of a key file": {func(h *harness) error { return os.Link(h.file(authorityKind.file), h.file("copy")) }, "hard links"},
		"a link to a file in an open folder": {func(h *harness) error {
			open := h.t.TempDir()
			path, moved := h.file(authorityKind.file), filepath.Join(open, authorityKind.file)
			return errors.Join(os.Rename(path, moved), os.Symlink(moved, path), os.Chmod(open, 0o777))
		}, "may replace the files"},
		"a key file of another user": {func(h *harness) error {
			if os.Geteuid() != 0 {
				h.t.Skip("only root can give a file away")
			}
			return os.Chown(h.file(authorityKind.file), 65533, 65533)
		}, "belongs to user 65533"},
		"no vault": {func(h *harness) error { return os.Remove(h.file(vaultKind.file)) }, vaultKind.file},
		"another issuer key's text": {func(h *harness) error {
			text := issuerText(h.made.IssuerID^2, seed)
			return os.WriteFile(h.file(issuerFile(h.made.IssuerID^1)), text, 0o600)
		}, "file name"},
		"no issuer key": {func(h *harness) error { return os.Remove(h.file(issuerFile(h.made.IssuerID))) }, "no issuer-ID.key"},
		"an invalid creation time": {func(h *harness) error {
			text := append(issuerText(h.made.IssuerID, seed), "created 2026-02-10 08:00\n"...)
			return os.WriteFile(h.file(issuerFile(h.made.IssuerID)), text, 0o600)
		}, "created"},
		"another file's name":  {func(h *harness) error { return os.Rename(h.file(issuerFile(h.made.IssuerID)), h.file("issuer-0.key")) }, "file name"},
		"another kind of file": {overwrite(vaultKind.head(plainForm) + "\nseed " + seed + "\n"), "does not begin"},
		"a short seed":         {overwrite(authorityKind.head(plainForm) + "\nseed " + seed[1:] + "\n"), "64 lower-case"},
		"a seed in capitals":   {overwrite(authorityKind.head(plainForm) + "\nseed " + strings.ToUpper(seed) + "\n"), "64 lower-case"},
		"another field":        {overwrite(authorityKind.head(plainForm) + "\nsead " + seed + "\n"), `"seed"`},
		"an extra line":        {overwrite(authorityKind.head(plainForm) + "\nseed " + seed + "\n\n"), "2 lines"},
		"no end of line":       {overwrite(authorityKind.head(plainForm) + "\nseed " + seed), "2 lines"},
		"a long file":          {overwrite(authorityKind.head(plainForm) + "\nseed " + strings.Repeat(seed, 100) + "\n"), "longer than"},
		"an empty file":        {overwrite(""), "does not begin"},
	} {
		t.Run(name, func(t *testing.T) {
			h := initialize(t)
			h.secrets = []string{seed}
			h.must(c.spoil(h))
			h.mustNotOpen(Options{}, c.want)
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Fatal("opened a missing directory")
	}
}

func issuerText(id tokens.KeyID, seed string) []byte {
	return fmt.Appendf(nil, "%s\nid %d\nseed %s\n", issuerKind.head(plainForm), id, seed)
}

func overwrite(text string) func(*harness) error {
	return func(h *harness) error {
		return os.WriteFile(h.file(authorityKind.file), []byte(text), 0o600)
	}
}

func TestKeysAreNeverPrinted(t *testing.T) {
	h := initialize(t)
	secret := strings.TrimSpace(strings.Split(h.files()[vaultKind.file], "master ")[1])
	for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
		if got := fmt.Sprintf(verb, *h.made); strings.Contains(got, secret[:8]) || !strings.Contains(got, "private") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// The keys of a Kubernetes pod are files of root, readable by the pod's group, behind symbolic links.
func TestTrustedGroupMayReadTheKeys(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const group = 65533
	h := initialize(t)
	names := h.names()
	mount := t.TempDir()
	version := filepath.Join(mount, "..2026_02_10")
	h.must(errors.Join(os.Rename(h.dir, version), os.Chmod(mount, 0o777|fs.ModeSticky), os.Chown(version, 0, group), os.Chmod(version, 0o770), os.Symlink("..2026_02_10", filepath.Join(mount, "..data"))))
	for _, n := range names {
		file := filepath.Join(version, n)
		h.must(errors.Join(os.Chown(file, 0, group), os.Chmod(file, 0o440), os.Symlink(filepath.Join("..data", n), filepath.Join(mount, n))))
	}
	if _, err := Open(mount); err == nil || !strings.Contains(err.Error(), "mode 0") {
		t.Fatalf("without the group: %v", err)
	}
	k, err := Options{Trust: ownfile.Trust{Group: group}}.Open(mount)
	if err != nil || k.IssuerID != h.made.IssuerID {
		t.Fatalf("%+v, %v", k, err)
	}
}
