//go:build unix

package ownfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	stranger = 65533 // another user and group
	secret   = "marked"
)

// folder returns a private folder for a test.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	chmod(t, dir, 0o700)
	return dir
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// chown changes the owner of a file or link. It needs root.
func chown(t *testing.T, path string, user, group int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can change the owner of a file")
	}
	if err := os.Lchown(path, user, group); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, mode fs.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	return path
}

func mkdir(t *testing.T, path string, mode fs.FileMode) string {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	return path
}

func link(t *testing.T, target, path string) string {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (t Trust) secret(path string) (string, error) {
	text, err := t.ReadSecret(path, 100, "make it 0600")
	return string(text), err
}

func accepted(t *testing.T, trust Trust, path string) {
	t.Helper()
	if text, err := trust.secret(path); err != nil || text != secret {
		t.Errorf("%s: %q, %v", path, text, err)
	}
}

// refused expects an Error for the path with the reason, without file content.
func refused(t *testing.T, err error, at, reason string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Path != at || !strings.Contains(e.Reason, reason) || strings.Contains(err.Error(), secret) {
		t.Errorf("%v, want %s %s", err, at, reason)
	}
}

func TestSecretMustBePrivate(t *testing.T) {
	path := write(t, filepath.Join(folder(t), "one.secret"), 0o600)
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o620: false, 0o604: false, 0o602: false, 0o601: false, 0o644: false, 0o460: false, 0o410: false,
	} {
		chmod(t, path, mode)
		text, err := Trust{}.secret(path)
		if (err == nil) != good || good != (text == secret) {
			t.Errorf("mode %04o: %q, %v", mode, text, err)
		}
		if !good {
			refused(t, err, path, "others may read or change it; make it 0600")
		}
	}
}

func TestTrustedGroupMayRead(t *testing.T) {
	path := write(t, filepath.Join(folder(t), "one.secret"), 0o440)
	chown(t, path, 0, stranger)
	chmod(t, path, 0o440)
	_, err := Trust{}.secret(path)
	refused(t, err, path, "has mode 0440")
	accepted(t, Trust{Group: stranger}, path)
	for _, mode := range []fs.FileMode{0o460, 0o450, 0o444} {
		chmod(t, path, mode)
		_, err := Trust{Group: stranger}.secret(path)
		refused(t, err, path, "has mode ")
	}
	// A credential of a systemd unit belongs to root; its access list appears as group rights.
	chown(t, path, 0, 0)
	chmod(t, path, 0o440)
	accepted(t, Trust{RootGroup: true}, path)
	_, err = Trust{}.secret(path)
	refused(t, err, path, "has mode 0440")
	chown(t, path, 0, stranger)
	_, err = Trust{RootGroup: true}.secret(path)
	refused(t, err, path, "has mode 0440")
}

func TestFileOfAnotherUserIsRefused(t *testing.T) {
	path := write(t, filepath.Join(folder(t), "one.secret"), 0o600)
	chown(t, path, stranger, 0)
	_, err := Trust{}.secret(path)
	refused(t, err, path, "belongs to user 65533")
	_, err = Trust{}.Open(path)
	refused(t, err, path, "belongs to user 65533")
}

func TestWritableParentFolderIsRefused(t *testing.T) {
	top := folder(t)
	dir := mkdir(t, filepath.Join(top, "keys"), 0o700)
	path := write(t, filepath.Join(dir, "one.secret"), 0o600)
	for mode, good := range map[fs.FileMode]bool{0o700: true, 0o755: true, 0o555: true, 0o777: false, 0o702: false, 0o777 | fs.ModeSticky: true} {
		for _, open := range []string{dir, top} {
			chmod(t, open, mode)
			_, err := Trust{}.secret(path)
			if good != (err == nil) {
				t.Errorf("%s with mode %v: %v", open, mode, err)
			}
			if !good {
				refused(t, err, open, "others may replace the files in it")
			}
			chmod(t, open, 0o700)
		}
	}
	chown(t, dir, 0, stranger)
	chmod(t, dir, 0o770)
	_, err := Trust{}.secret(path)
	refused(t, err, dir, "has mode 0770")
	accepted(t, Trust{Group: stranger}, path)
	chown(t, dir, stranger, 0)
	_, err = Trust{}.secret(path)
	refused(t, err, dir, "belongs to user 65533")
}

func TestWritableFolderIsRefused(t *testing.T) {
	top := folder(t)
	dir := mkdir(t, filepath.Join(top, "snapshots"), 0o700)
	for mode, good := range map[fs.FileMode]bool{0o700: true, 0o755: true, 0o777: false, 0o777 | fs.ModeSticky: false, 0o702: false} {
		chmod(t, dir, mode)
		err := Trust{}.Folder(dir)
		if good != (err == nil) {
			t.Errorf("mode %v: %v", mode, err)
		}
		if !good {
			refused(t, err, dir, "others may replace the files in it")
		}
		if err := (Trust{}).FolderToRead(dir); (good || mode&fs.ModeSticky != 0) != (err == nil) {
			t.Errorf("mode %v, to read: %v", mode, err)
		}
	}
	chmod(t, dir, 0o700)
	chmod(t, top, 0o777)
	refused(t, Trust{}.Folder(dir), top, "others may replace")
	chmod(t, top, 0o700)
	refused(t, Trust{}.Folder(write(t, filepath.Join(top, "file"), 0o600)), filepath.Join(top, "file"), "is not a folder")
	if err := (Trust{}).Folder(filepath.Join(top, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestSecondHardLinkIsRefused(t *testing.T) {
	top := folder(t)
	path, other := write(t, filepath.Join(top, "one.secret"), 0o600), filepath.Join(top, "other")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	_, err := Trust{}.secret(path)
	refused(t, err, path, "has 2 hard links")
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	accepted(t, Trust{}, path)
}

// TestMountedSecretIsRead uses the layout of Kubernetes: a folder with mode 1777 in which
// NAME is a link to ..data/NAME and ..data a link to the folder of the newest version.
func TestMountedSecretIsRead(t *testing.T) {
	mount := mkdir(t, filepath.Join(folder(t), "secrets"), 0o777|fs.ModeSticky)
	version := mkdir(t, filepath.Join(mount, "..2026_02_10_04_00_00.1"), 0o755)
	file := write(t, filepath.Join(version, "passphrase"), 0o400)
	data := link(t, filepath.Base(version), filepath.Join(mount, "..data"))
	path := link(t, filepath.Join("..data", "passphrase"), filepath.Join(mount, "passphrase"))
	accepted(t, Trust{}, path)
	absolute := link(t, path, filepath.Join(filepath.Dir(mount), "absolute"))
	accepted(t, Trust{}, absolute)

	chmod(t, version, 0o777)
	_, err := Trust{}.secret(path)
	refused(t, err, version, "others may replace")
	chmod(t, version, 0o755)
	chmod(t, file, 0o644)
	_, err = Trust{}.secret(path)
	refused(t, err, path, "has mode 0644")
	chmod(t, file, 0o400)
	chown(t, data, stranger, stranger) // another user's link in a folder that all users may write
	_, err = Trust{}.secret(path)
	refused(t, err, data, "belongs to user 65533")
}

// TestLinkIntoAWritableFolderIsRefused checks the folder of a link's target.
func TestLinkIntoAWritableFolderIsRefused(t *testing.T) {
	top := folder(t)
	open := mkdir(t, filepath.Join(top, "open"), 0o777)
	write(t, filepath.Join(open, "one.secret"), 0o600)
	for _, target := range []string{"open/one.secret", filepath.Join(open, "one.secret"), "./open/../open/one.secret"} {
		path := link(t, target, filepath.Join(top, "link"))
		_, err := Trust{}.secret(path)
		refused(t, err, open, "others may replace")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwoDotsAfterALink expects ".." after a link to be the parent of the link's target.
func TestTwoDotsAfterALink(t *testing.T) {
	top := folder(t)
	inner := mkdir(t, filepath.Join(mkdir(t, filepath.Join(top, "a"), 0o700), "b"), 0o700)
	link(t, inner, filepath.Join(top, "link"))
	write(t, filepath.Join(top, "a", "one.secret"), 0o600)
	t.Chdir(top)
	accepted(t, Trust{}, "link/../one.secret")
	accepted(t, Trust{}, top+"/link/../one.secret")
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	top := folder(t)
	_, err := Trust{}.secret(top)
	refused(t, err, top, "is not a regular file")
	for _, path := range []string{filepath.Join(top, "absent"), link(t, "nowhere", filepath.Join(top, "dangling")), ""} {
		if _, err := (Trust{}).secret(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", path, err)
		}
	}
	loop := link(t, "loop", filepath.Join(top, "loop"))
	_, err = Trust{}.secret(loop)
	refused(t, err, loop, "contains too many symbolic links")
	pipe := filepath.Join(top, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Trust{}.secret(pipe) // must not wait for a writer
	refused(t, err, pipe, "is not a regular file")
	path := write(t, filepath.Join(top, "one.secret"), 0o600)
	if _, err := (Trust{}).secret(path + "/below"); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Error(err)
	}
}

func TestReadReturnsOneByteMoreThanTheLimit(t *testing.T) {
	path := filepath.Join(folder(t), "one.secret")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := (Trust{}).ReadSecret(path, 9, ""); err != nil || len(text) != 10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if text, err := (Trust{}).Read(path, 9); err != nil || len(text) != 10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestOpenRefusesWritableFiles covers files that are not secret: all users may read them,
// only the owner may write them.
func TestOpenRefusesWritableFiles(t *testing.T) {
	path := write(t, filepath.Join(folder(t), "ca.pem"), 0o644)
	f, err := Trust{}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); err != nil || string(text) != secret {
		t.Fatalf("%q, %v", text, err)
	}
	for _, mode := range []fs.FileMode{0o664, 0o646} {
		chmod(t, path, mode)
		_, err := Trust{Group: os.Getegid()}.Open(path)
		refused(t, err, path, "others may change it")
	}
}
