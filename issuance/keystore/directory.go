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

// maxFile is the maximum size of a file, bytes.
const maxFile = 1024

// lockPatience bounds the wait for another command on the same directory; a command needs at most a few scrypt
// runs. Tests shorten it.
var lockPatience = 5 * time.Second

// disk writes files. Tests interrupt it between two steps.
var disk ownfile.Disk

// directory is a key directory under its lock.
type directory struct {
	path   string
	trust  ownfile.Trust
	names  []string // of everything in it, sorted
	keySet *keySet  // nil: plain
	unlock func()
}

// openDirectory locks a directory and decrypts its seal file, if it has one. With an exclusive lock it also
// removes the incomplete files of an interrupted command.
func (o Options) openDirectory(path string, alone bool) (*directory, error) {
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
		d.keySet, err = openKeySet(text, o.Passphrase)
	}
	if err != nil {
		d.unlock()
		return nil, err
	}
	return d, nil
}

// lockDirectory locks a directory without decrypting it. It refuses a directory in which another user could
// replace a key or, for a change, add a file.
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
		err = fmt.Errorf("another command is using %s; try again", path)
	}
	if err != nil {
		return nil, wrap(err)
	}
	d := &directory{path: path, trust: trust, unlock: unlock}
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

// isUnfinished reports the names of incomplete files of this package.
func isUnfinished(name string) bool {
	stem, ok := strings.CutSuffix(name, ownfile.Unfinished)
	return ok && isKeystoreFile(stem)
}

// isKeystoreFile reports the names of key files, of retired ones and of the seal file.
func isKeystoreFile(name string) bool {
	_, isRetired := issuerKind.numberIn(name, retired)
	return isRetired || name == sealFile || kindOf(name) != nil
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

func (d *directory) has(name string) bool { return slices.Contains(d.names, name) }

// numbers returns the numbers of the files of a kind with a suffix.
func (d *directory) numbers(k *kind, end string) (all []int) {
	for _, name := range d.names {
		if n, ok := k.numberIn(name, end); ok {
			all = append(all, n)
		}
	}
	return all
}

// keys returns the names of the key files in use.
func (d *directory) keys() (names []string) {
	for _, name := range d.names {
		if kindOf(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// readFile reads a key file or the seal file.
func (d *directory) readFile(name string) ([]byte, error) {
	text, err := d.trust.ReadSecret(d.file(name), maxFile, "make it 0600, and make new keys if they could")
	if len(text) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes: not a key file", d.file(name), maxFile)
	}
	return text, wrap(err)
}

// form is the form of a key file.
type form int

const (
	current form = iota // encrypted with the first key of the seal file
	stale               // encrypted with an older key
	plain               // not encrypted
)

// readKey reads a key file in any form.
func (d *directory) readKey(name string) (v key, how form, err error) {
	text, err := d.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return v, plain, fmt.Errorf("keystore: %s has no %s: restore it from the backup, or, if Init was interrupted here, remove the remaining files and run it again", d.path, name)
	}
	if err != nil {
		return v, plain, err
	}
	k := kindOf(name)
	if text, how, err = d.decryptKey(k, name, text); err == nil {
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

// decryptKey returns the unencrypted text of a key file, and its form.
func (d *directory) decryptKey(k *kind, name string, text []byte) ([]byte, form, error) {
	isAge, isLegacy := bytes.HasPrefix(text, []byte(ageHead)), bytes.HasPrefix(text, []byte(k.head(legacyForm)))
	switch {
	case !isAge && !isLegacy:
		return text, plain, nil
	case d.keySet == nil:
		return nil, stale, fmt.Errorf("is encrypted, and %s is missing; restore it from the backup", sealFile)
	case isLegacy:
		opened, err := decryptLegacyFile(name, text, d.keySet.legacy)
		return opened, stale, err
	}
	how := current
	for _, with := range d.keySet.keys {
		if opened, err := decrypt(text, with); err == nil {
			return opened, how, nil
		}
		how = stale
	}
	return nil, stale, errWrongKey
}

// text returns a key file in the form of the directory.
func (d *directory) text(name string, v key) []byte {
	text := kindOf(name).text(v)
	if d.keySet == nil {
		return text
	}
	return encrypt(text, d.keySet.keys[0].Recipient())
}

// add makes a new key file.
func (d *directory) add(name string, v key) error { return create(d.file(name), d.text(name, v)) }

// create writes a new file. It never overwrites: the lock on the directory makes the check and the renaming
// atomic.
func create(path string, text []byte) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("keystore: %s: %w", path, fs.ErrExist)
	}
	return wrap(disk.Write(path, text))
}

// replace replaces a file and erases the old content. At every moment one of the two files exists.
func replace(path string, text []byte) error {
	old, err := openToErase(path)
	if err != nil {
		return err
	}
	defer old.Close()
	if err := disk.Write(path, text); err != nil {
		return wrap(err)
	}
	return erase(old) // it no longer has a name
}

// destroy erases a file and removes it.
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

// erase overwrites a file with random bytes of the same length and syncs it. The package comment has the limits.
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

// openToErase opens regular files only: the target of a link must not be overwritten.
func openToErase(path string) (*os.File, error) {
	if err := requireRegular(path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil { // a key file may have mode 0400
		return nil, wrap(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	return f, wrap(err)
}

// requireRegular refuses links: the secret in their target would not be erased.
func requireRegular(path string) error {
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
