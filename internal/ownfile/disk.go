package ownfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Unfinished ends the name of a file that is being written. It gets its name whole
// and on disk, and never otherwise.
const Unfinished = ".new"

// Disk changes files so that a crash at any moment leaves the old one or the new one,
// whole. The zero value is ready for use.
type Disk struct {
	// Before, unless nil, is called ahead of each step that changes the disk. Tests stop
	// there as a power cut would, or fail there as a full disk would.
	Before func(step, path string) error
}

// Step is for steps that a caller takes itself.
func (d Disk) Step(step, path string) error {
	if d.Before == nil {
		return nil
	}
	return d.Before(step, path)
}

// Write puts a file with mode 0600 in place, or in the place of another.
func (d Disk) Write(path string, text []byte) error {
	if err := d.Prepare(path, text); err != nil {
		return err
	}
	return d.Rename(path+Unfinished, path)
}

// Prepare writes the file beside its name, which the caller gives it with Rename. A file
// that a crash left there is removed, not written: another process may have it open.
func (d Disk) Prepare(path string, text []byte) error {
	fresh := path + Unfinished
	if err := d.Step("write", fresh); err != nil {
		return err
	}
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = d.Step("sync", fresh)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Rename is on disk when it returns.
func (d Disk) Rename(from, to string) error {
	if err := d.Step("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return d.syncDir(to)
}

// Remove is on disk when it returns.
func (d Disk) Remove(path string) error {
	if err := d.Step("remove", path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return d.syncDir(path)
}

func (d Disk) syncDir(path string) error {
	dir := filepath.Dir(path)
	if err := d.Step("sync", dir); err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir has the names in a folder on disk.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lockLook is how often Lock looks whether a folder is free.
const lockLook = 20 * time.Millisecond

// ErrLocked says that other processes held a folder all the time.
var ErrLocked = errors.New("ownfile: locked by another process")

// Lock takes a folder for reading or, alone, for changing. The system lets go of it
// when the process ends, so nothing is left to clean up after a crash.
func Lock(dir string, alone bool, patience time.Duration) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(lockLook) {
		if err = tryLock(d, alone); err == nil {
			return func() { d.Close() }, nil
		}
		if !errors.Is(err, ErrLocked) || time.Now().After(end) {
			d.Close()
			return nil, err
		}
	}
}
