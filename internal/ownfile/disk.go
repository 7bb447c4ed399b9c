package ownfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Unfinished is the suffix of a file that is being written. The file gets its final name
// only when it is complete and synced to disk.
const Unfinished = ".new"

// Disk changes files atomically: after a crash at any time the old or the new file is
// complete. The zero value is ready to use.
type Disk struct {
	// Before, unless nil, is called before each step that changes the disk. Tests use it
	// to simulate a power failure or a full disk.
	Before func(step, path string) error
}

// Step calls Before. Callers use it for steps of their own.
func (d Disk) Step(step, path string) error {
	if d.Before == nil {
		return nil
	}
	return d.Before(step, path)
}

// Write writes a file with mode 0600. It replaces an existing file.
func (d Disk) Write(path string, text []byte) error {
	if err := d.Prepare(path, text); err != nil {
		return err
	}
	return d.Rename(path+Unfinished, path)
}

// Prepare writes the file under the name with the suffix Unfinished. The caller then
// calls Rename. A file that a crash left there is removed and not overwritten, because
// another process may have it open.
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

// Rename renames a file and syncs the folder to disk.
func (d Disk) Rename(from, to string) error {
	if err := d.Step("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return d.syncDir(to)
}

// Remove removes a file and syncs the folder to disk.
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

// SyncDir syncs a folder to disk.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lockInterval is the time between two attempts of Lock.
const lockInterval = 20 * time.Millisecond

// ErrLocked is returned if other processes held the lock until the timeout.
var ErrLocked = errors.New("ownfile: locked by another process")

// Lock locks a folder, shared or, if exclusive is true, exclusively. It waits at most
// timeout. The system releases the lock when the process ends, also after a crash.
func Lock(dir string, exclusive bool, timeout time.Duration) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(timeout); ; time.Sleep(lockInterval) {
		if err = tryLock(d, exclusive); err == nil {
			return func() { d.Close() }, nil
		}
		if !errors.Is(err, ErrLocked) || time.Now().After(end) {
			d.Close()
			return nil, err
		}
	}
}
