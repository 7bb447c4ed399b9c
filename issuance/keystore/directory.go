package keystore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
)

// maxFile bounds what is read of a file, bytes.
const maxFile = 1024

// lockPatience bounds the wait for another command on the same directory; none
// takes longer than a few scrypt runs. Tests shorten it.
var lockPatience = 5 * time.Second

// disk changes files. Tests stop it between two steps.
var disk ownfile.Disk

// directory is a key directory under its lock.
type directory struct {
	path  string
	trust ownfile.Trust
	names []string // of everything in it, sorted
	seal  *seal    // nil: plain
	leave func()
}

// enter locks a directory and opens its seal, if it has one. Alone, it also clears
// away what a command that was cut off had not finished writing.
func (o Options) enter(path string, alone bool) (*directory, error) {
	if alone {
		o.Trust = ownfile.Trust{}
	}
	d, err := lockDirectory(path, o.Trust, alone)
	if err != nil || !d.has(sealFile) {
		return d, err
	}
	text, err := d.readFile(sealFile)
	if err == nil && o.Passphrase == "" {
		err = ErrNoPassphrase
	}
	if err == nil {
		d.seal, err = openSeal(text, o.Passphrase)
	}
	if err != nil {
		d.leave()
		return nil, err
	}
	return d, nil
}

// lockDirectory does what can be done without the passphrase. It refuses a directory in
// which another user could swap a key or, where it is about to be changed, add a file.
func lockDirectory(path string, trust ownfile.Trust, alone bool) (*directory, error) {
	private := trust.FolderToRead
	if alone {
		private = trust.Folder
	}
	if err := private(path); err != nil {
		return nil, wrap(err)
	}
	unlock, err := ownfile.Lock(path, alone, lockPatience)
	if errors.Is(err, ownfile.ErrLocked) {
		err = fmt.Errorf("another command is at work in %s; try again", path)
	}
	if err != nil {
		return nil, wrap(err)
	}
	d := &directory{path: path, trust: trust, leave: unlock}
	entries, err := os.ReadDir(path)
	err = wrap(err)
	for _, e := range entries {
		if alone && err == nil && isUnfinished(e.Name()) {
			err = destroy(d.file(e.Name()))
			continue
		}
		d.names = append(d.names, e.Name())
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return d, nil
}

// isUnfinished tells the names that only this package gives.
func isUnfinished(name string) bool {
	stem, ok := strings.CutSuffix(name, ownfile.Unfinished)
	return ok && isOurs(stem)
}

// isOurs tells the names of key files, retired ones and the seal.
func isOurs(name string) bool {
	_, isRetired := issuerKind.numberIn(name, retired)
	return isRetired || name == sealFile || kindOf(name) != nil
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

func (d *directory) has(name string) bool { return slices.Contains(d.names, name) }

// numbers are those of the files of a kind whose names end so.
func (d *directory) numbers(k *kind, end string) (all []int) {
	for _, name := range d.names {
		if n, ok := k.numberIn(name, end); ok {
			all = append(all, n)
		}
	}
	return all
}

// keys are the names of the key files in use.
func (d *directory) keys() (names []string) {
	for _, name := range d.names {
		if kindOf(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// readFile reads a key file or the seal.
func (d *directory) readFile(name string) ([]byte, error) {
	text, err := d.trust.ReadSecret(d.file(name), maxFile, "make it 0600, and make new keys if they could")
	if len(text) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes: not a key file", d.file(name), maxFile)
	}
	return text, wrap(err)
}

// form is how a key file was written.
type form int

const (
	settled form = iota // encrypted with the seal's first key
	stale               // encrypted with another
	plain               // in the clear
)

// read takes a key file apart, sealed or plain.
func (d *directory) read(name string) (v key, how form, err error) {
	text, err := d.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return v, plain, fmt.Errorf("keystore: %s has no %s: take it from the backup, or, if an Init was cut off here, remove what is left and repeat it", d.path, name)
	}
	if err != nil {
		return v, plain, err
	}
	k := kindOf(name)
	if text, how, err = d.open(k, name, text); err == nil {
		v, err = k.parse(text)
	}
	if n, ok := k.numberIn(name, inUse); err == nil && k.number != "" && (!ok || n != v.number) {
		err = k.misnamed()
	}
	if err != nil {
		return key{}, how, fmt.Errorf("keystore: %s: %w", d.file(name), err)
	}
	return v, how, nil
}

// open returns the text of a key file in the clear.
func (d *directory) open(k *kind, name string, text []byte) ([]byte, form, error) {
	isAge, isLegacy := bytes.HasPrefix(text, []byte(ageHead)), bytes.HasPrefix(text, []byte(k.head(legacyForm)))
	switch {
	case !isAge && !isLegacy:
		return text, plain, nil
	case d.seal == nil:
		return nil, stale, fmt.Errorf("is sealed, and %s is missing; take it from the backup", sealFile)
	case isLegacy:
		opened, err := openLegacyFile(name, text, d.seal.legacy)
		return opened, stale, err
	}
	how := settled
	for _, with := range d.seal.keys {
		if opened, err := decrypt(text, with); err == nil {
			return opened, how, nil
		}
		how = stale
	}
	return nil, stale, errElsewhere
}

// text is a key file as it is to be written here.
func (d *directory) text(name string, v key) []byte {
	text := kindOf(name).text(v)
	if d.seal == nil {
		return text
	}
	return encrypt(text, d.seal.keys[0].Recipient())
}

// add makes a new key file.
func (d *directory) add(name string, v key) error { return create(d.file(name), d.text(name, v)) }

// create puts a new file in place. It never overwrites; the lock on the directory
// keeps the look and the renaming together.
func create(path string, text []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("keystore: %s: %w", path, fs.ErrExist)
	}
	return wrap(disk.Write(path, text))
}

// replace puts a file in the place of another and erases what stood there. At no
// moment is there neither.
func replace(path string, text []byte) error {
	old, err := openToErase(path)
	if err != nil {
		return err
	}
	defer old.Close()
	if err := disk.Write(path, text); err != nil {
		return wrap(err)
	}
	return erase(old) // it has no name any more
}

// destroy erases a file and removes its name.
func destroy(path string) error {
	f, err := openToErase(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := erase(f); err != nil {
		return err
	}
	return wrap(disk.Remove(path))
}

// erase overwrites a file with random bytes of the same length, and has them on
// disk. The package comment says what that is worth.
func erase(f *os.File) error {
	if err := disk.Step("erase", f.Name()); err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		noise := make([]byte, info.Size())
		rand.Read(noise)
		_, err = f.WriteAt(noise, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	return wrap(err)
}

// openToErase opens nothing but a regular file: what a link points to is not the
// directory's to overwrite.
func openToErase(path string) (*os.File, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil { // 0400 is a good mode for a key
		return nil, wrap(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	return f, wrap(err)
}

// regular refuses links: the secret would stay where they point.
func regular(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(strconv.Quote(path) + " is not a regular file")
	}
	return wrap(err)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("keystore: %w", err)
}
