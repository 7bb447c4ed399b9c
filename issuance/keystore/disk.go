package keystore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// unfinished ends the name of a file that is being written. It becomes a key by
// being renamed, whole and on disk, and never otherwise.
const unfinished = ".new"

// before is called ahead of each step that changes the disk. Tests stop there as
// a power cut would, or fail there as a full disk would.
var before = func(step, path string) error { return nil }

// create puts a new file in place. It never overwrites; the lock on the directory
// keeps the look and the renaming together.
func create(path string, text []byte) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return fmt.Errorf("keystore: %s: %w", path, err)
	}
	return put(path, text)
}

// replace puts a file in the place of another and erases what stood there. At no
// moment is there neither.
func replace(path string, text []byte) error {
	old, err := openToErase(path)
	if err != nil {
		return err
	}
	defer old.Close()
	if err := put(path, text); err != nil {
		return err
	}
	return erase(old) // it has no name any more
}

// put writes beside the name, has it on disk, and renames.
func put(path string, text []byte) error {
	fresh := path + unfinished
	if err := before("write", fresh); err != nil {
		return err
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = before("sync", fresh)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("keystore: writing %s: %w", fresh, err)
	}
	return rename(fresh, path)
}

func rename(from, to string) error {
	if err := before("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	return syncDir(filepath.Dir(to))
}

// erase overwrites a file with random bytes of the same length, and has them on
// disk. The package comment says what that is worth.
func erase(f *os.File) error {
	if err := before("erase", f.Name()); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	noise := make([]byte, info.Size())
	rand.Read(noise)
	if _, err = f.WriteAt(noise, 0); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("keystore: erasing %s: %w", f.Name(), err)
	}
	return nil
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
	if err := before("remove", path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// openToErase opens nothing but a regular file: what a link points to is not the
// directory's to overwrite.
func openToErase(path string) (*os.File, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil { // 0400 is a good mode for a key
		return nil, fmt.Errorf("keystore: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	return f, nil
}

// syncDir has the names of new files on disk.
func syncDir(dir string) error {
	if err := before("sync", dir); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	return nil
}
