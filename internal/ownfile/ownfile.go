// Package ownfile reads files that no other user of the machine can read or replace, and
// writes files atomically: after a crash a file is complete.
//
// A file is accepted if it and all folders and symbolic links on its path belong to root
// or to the user of this process, and if no other user can write any of them. Links are
// followed, since Kubernetes mounts secrets as links; each link and the folders of its
// target are checked as well. The file that is read is the file that was checked. The
// package cannot detect that the file was readable or writable for others before.
package ownfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Trust lists groups that are trusted in addition to root and the user of this process.
// The zero value trusts no group.
type Trust struct {
	// Group is the number of a group whose members may read secret files and may write
	// the folders of any file, such as the fsGroup of a pod. 0: no such group.
	Group int
	// RootGroup allows root's group to read secret files that belong to root: systemd
	// grants a unit its credentials with an access list, which appears as group rights.
	RootGroup bool
}

// Error is the reason why a file or folder is refused. It never contains file content.
type Error struct {
	Path   string // the refused file, folder or link, which may be a parent of the requested path
	Reason string // what is wrong, and what to do
}

func (e *Error) Error() string { return e.Path + " " + e.Reason }

// Bits of a file's mode.
const (
	groupRead   fs.FileMode = 0o040
	groupWrite  fs.FileMode = 0o020
	othersWrite fs.FileMode = 0o002
	secretBits  fs.FileMode = 0o077 // forbidden for a secret file
)

// Folder refuses a folder in which another user could create or replace a file.
func (t Trust) Folder(path string) error { return t.folder(path, false) }

// FolderToRead is Folder, but accepts a sticky folder, such as the mount of a secret in
// Kubernetes (mode 1777): other users may add files there and cannot replace any. Use it
// only if all files are read with Read or ReadSecret, which refuse files of other users.
func (t Trust) FolderToRead(path string) error { return t.folder(path, true) }

func (t Trust) folder(path string, sticky bool) error {
	real, info, err := t.resolve(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &Error{path, "is not a folder"}
	}
	return t.writable(real, info, sticky)
}

// Open opens a file for reading. It refuses a file that other users can write; they may
// read it.
func (t Trust) Open(path string) (*os.File, error) {
	f, info, err := t.openFile(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&(groupWrite|othersWrite) != 0 {
		f.Close()
		return nil, &Error{path, fmt.Sprintf("has mode %04o: others may change it; set mode 0644 or less", info.Mode().Perm())}
	}
	return f, nil
}

// Read opens a file as Open does and returns its content: at most limit+1 bytes, so the
// caller can detect a file that is longer than limit.
func (t Trust) Read(path string, limit int64) ([]byte, error) {
	f, err := t.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limit)
}

// ReadSecret returns the content of a file that only its owner, root and the trusted
// groups can read and that has no other hard link: at most limit+1 bytes, as Read. The
// error for a file that others can read ends with advice.
func (t Trust) ReadSecret(path string, limit int64, advice string) ([]byte, error) {
	f, info, err := t.openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if n := ownerOf(info).names; n > 1 {
		return nil, &Error{path, fmt.Sprintf("has %d hard links: remove the others, or use a copy of the file", n)}
	}
	open := info.Mode() & secretBits
	if t.groupMayRead(info) {
		open &^= groupRead
	}
	if open != 0 {
		return nil, &Error{path, fmt.Sprintf("has mode %04o: others may read or change it; %s", info.Mode().Perm(), advice)}
	}
	return readAll(f, limit)
}

func readAll(f *os.File, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return text, nil
}

// openFile resolves a path and opens the file that was checked. It does not block: a
// pipe would wait for its writer.
func (t Trust) openFile(path string) (*os.File, fs.FileInfo, error) {
	real, checked, err := t.resolve(path)
	if err != nil {
		return nil, nil, err
	}
	if !checked.Mode().IsRegular() {
		return nil, nil, &Error{path, "is not a regular file"}
	}
	f, err := os.OpenFile(real, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(checked, info) {
		err = &Error{path, "was replaced while it was opened: try again"}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// maxLinks is the greatest number of symbolic links in a path, as in Linux.
const maxLinks = 40

// resolve follows a path and checks the owner of each part and the permissions of each
// folder.
func (t Trust) resolve(path string) (real string, info fs.FileInfo, err error) {
	if path == "" {
		return "", nil, &os.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	rest := path
	if !filepath.IsAbs(path) {
		here, err := os.Getwd()
		if err != nil {
			return "", nil, err
		}
		rest = here + string(filepath.Separator) + path // not Join, which removes "link/.."
	}
	real = filepath.VolumeName(rest) + string(filepath.Separator)
	todo := parts(rest[len(filepath.VolumeName(rest)):])
	if info, err = t.lstat(real); err != nil {
		return "", nil, err
	}
	for followed := 0; len(todo) > 0; {
		next := filepath.Dir(real) // for "..": real contains no links
		if todo[0] != ".." {
			if err := t.writable(real, info, true); err != nil {
				return "", nil, err
			}
			next = filepath.Join(real, todo[0])
		}
		todo = todo[1:]
		if info, err = t.lstat(next); err != nil {
			return "", nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		if followed++; followed > maxLinks {
			return "", nil, &Error{path, "contains too many symbolic links"}
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", nil, err
		}
		todo = append(parts(target), todo...)
		if filepath.IsAbs(target) {
			real = filepath.VolumeName(target) + string(filepath.Separator)
		}
		if info, err = t.lstat(real); err != nil {
			return "", nil, err
		}
	}
	return real, info, nil
}

// lstat is os.Lstat with a check of the owner.
func (t Trust) lstat(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if o := ownerOf(info); o.known && o.user != 0 && o.user != os.Geteuid() {
		return nil, &Error{path, fmt.Sprintf("belongs to user %d, who could change it: change the owner to root or to user %d, the user of this process", o.user, os.Geteuid())}
	}
	return info, nil
}

// writable refuses a folder that others may write. In a sticky folder, such as /tmp, they
// cannot rename or remove the entries of others, so it is accepted if sticky is true.
func (t Trust) writable(path string, info fs.FileInfo, sticky bool) error {
	if !info.IsDir() {
		return &os.PathError{Op: "open", Path: path, Err: errors.New("not a directory")}
	}
	if sticky && info.Mode()&fs.ModeSticky != 0 {
		return nil
	}
	open := info.Mode() & (groupWrite | othersWrite)
	if t.isTheGroup(info) {
		open &^= groupWrite
	}
	if open != 0 {
		return &Error{path, fmt.Sprintf("has mode %04o: others may replace the files in it; set mode 0755 or less", info.Mode().Perm())}
	}
	return nil
}

// owner contains the owner of a file and its number of hard links, if the system reports
// them.
type owner struct {
	user, group int
	names       uint64
	known       bool
}

func (t Trust) isTheGroup(info fs.FileInfo) bool {
	o := ownerOf(info)
	return o.known && t.Group != 0 && o.group == t.Group
}

func (t Trust) groupMayRead(info fs.FileInfo) bool {
	o := ownerOf(info)
	return t.isTheGroup(info) || o.known && t.RootGroup && o.user == 0 && o.group == 0
}

// parts returns the names in a path.
func parts(path string) []string {
	names := strings.FieldsFunc(path, func(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) })
	return slices.DeleteFunc(names, func(name string) bool { return name == "." })
}
