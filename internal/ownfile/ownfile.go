// Package ownfile reads files that no other user of the machine can read or swap, and
// writes files so that a crash leaves them whole.
//
// A file is accepted if it belongs to root or to the user of this process, as do all
// folders and symbolic links on the way to it, and if no other user can write any of
// them. Links are followed, since Kubernetes mounts secrets as links; each link and the
// folders of its target are checked as well. The package promises that the checked file
// is the one that is read. It does not know who could read or write the file before.
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

// Trust says who is trusted besides root and the user of this process. The zero value
// trusts only these two.
type Trust struct {
	// Group is the number of a group whose members may read secret files and may write
	// the folders above any file: a pod's fsGroup, for example. 0: no such group.
	Group int
	// RootGroup lets root's group read secret files that belong to root, too: systemd
	// gives a unit its credentials by an access list, which shows as the group's rights.
	RootGroup bool
}

// Error is why a file or folder is refused. It never tells the content.
type Error struct {
	Path   string // of the file, folder or link at fault, which may be above the one asked for
	Reason string // what is wrong, and what to do
}

func (e *Error) Error() string { return e.Path + " " + e.Reason }

// Bits of a file's mode.
const (
	groupRead   fs.FileMode = 0o040
	groupWrite  fs.FileMode = 0o020
	othersWrite fs.FileMode = 0o002
	secretBits  fs.FileMode = 0o077 // what a secret file must not give
)

// Folder refuses a folder in which another user could put or swap a file.
func (t Trust) Folder(path string) error { return t.folder(path, false) }

// FolderToRead is Folder, but accepts a sticky folder, such as the mount of a secret in
// Kubernetes (mode 1777): others may add files there and cannot swap any. Use it only
// where every file is then read by Read or ReadSecret, which refuse files of others.
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

// Open opens a file for reading that no other user can write. Others may read it.
func (t Trust) Open(path string) (*os.File, error) {
	f, info, err := t.open(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&(groupWrite|othersWrite) != 0 {
		f.Close()
		return nil, &Error{path, fmt.Sprintf("has mode %04o: others may change it; make it 0644 or less", info.Mode().Perm())}
	}
	return f, nil
}

// Read is Open and the file's text: at most limit+1 bytes of it, so that the caller
// sees a file that is longer than limit.
func (t Trust) Read(path string, limit int64) ([]byte, error) {
	f, err := t.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, limit)
}

// ReadSecret returns the text of a file that only its owner, root and the trusted group
// can read, and that has no second name: at most limit+1 bytes, as Read. The advice says
// what to do about a file that others can read.
func (t Trust) ReadSecret(path string, limit int64, advice string) ([]byte, error) {
	f, info, err := t.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if n := ownerOf(info).names; n > 1 {
		return nil, &Error{path, fmt.Sprintf("has %d names (hard links): remove the others, or copy it to a file of its own", n)}
	}
	open := info.Mode() & secretBits
	if t.groupMayRead(info) {
		open &^= groupRead
	}
	if open != 0 {
		return nil, &Error{path, fmt.Sprintf("has mode %04o: others may read or change it; %s", info.Mode().Perm(), advice)}
	}
	return read(f, limit)
}

func read(f *os.File, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	return text, nil
}

// open resolves a path and opens the very file that was checked. Without blocking: a
// pipe would wait for its writer.
func (t Trust) open(path string) (*os.File, fs.FileInfo, error) {
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
		err = &Error{path, "was replaced while it was opened; try again"}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// maxLinks bounds the symbolic links on the way to a file: as Linux does.
const maxLinks = 40

// resolve follows a path to its end and checks everything on the way: the owner of each
// part, and who can write each folder.
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
		rest = here + string(filepath.Separator) + path // not Join: it takes "link/.." away
	}
	real = filepath.VolumeName(rest) + string(filepath.Separator)
	todo := parts(rest[len(filepath.VolumeName(rest)):])
	if info, err = t.look(real); err != nil {
		return "", nil, err
	}
	for followed := 0; len(todo) > 0; {
		next := filepath.Dir(real) // for "..": real has no links
		if todo[0] != ".." {
			if err := t.writable(real, info, true); err != nil {
				return "", nil, err
			}
			next = filepath.Join(real, todo[0])
		}
		todo = todo[1:]
		if info, err = t.look(next); err != nil {
			return "", nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		if followed++; followed > maxLinks {
			return "", nil, &Error{path, "leads through too many links"}
		}
		target, err := os.Readlink(next)
		if err != nil {
			return "", nil, err
		}
		todo = append(parts(target), todo...)
		if filepath.IsAbs(target) {
			real = filepath.VolumeName(target) + string(filepath.Separator)
		}
		if info, err = t.look(real); err != nil {
			return "", nil, err
		}
	}
	return real, info, nil
}

// look reads what a name is, without following it, and checks its owner.
func (t Trust) look(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if o := ownerOf(info); o.known && o.user != 0 && o.user != os.Geteuid() {
		return nil, &Error{path, fmt.Sprintf("belongs to user %d, who could change it: give it to root or to user %d, as whom this process runs", o.user, os.Geteuid())}
	}
	return info, nil
}

// writable refuses a folder that others may write. In a sticky one, such as /tmp, they
// cannot rename or remove the entries of others, so it may be on the way to a file.
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
		return &Error{path, fmt.Sprintf("has mode %04o: others may swap the files in it; make it 0755 or less", info.Mode().Perm())}
	}
	return nil
}

// owner is whose a file is, where the system says so, and how many names it has.
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

// parts are the names in a path.
func parts(path string) []string {
	names := strings.FieldsFunc(path, func(r rune) bool { return r < utf8.RuneSelf && os.IsPathSeparator(uint8(r)) })
	return slices.DeleteFunc(names, func(name string) bool { return name == "." })
}
