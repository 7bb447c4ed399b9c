package keystore

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFile bounds what is read of a file, bytes.
const maxFile = 1024

// othersRead and othersWrite are the permissions that a key file and its
// directory must not give.
const (
	othersRead  fs.FileMode = 0o077
	othersWrite fs.FileMode = 0o022
)

// regular refuses links: the secret would stay where they point.
func regular(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("keystore: %s is not a regular file", path)
	}
	return nil
}

// readFile looks at the permissions of the very file that it reads.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("keystore: %s is not a regular file", path)
	}
	if info.Mode()&othersRead != 0 {
		return nil, fmt.Errorf("keystore: %s has mode %04o: others may read or change it; make it 0600, and make new keys if they could", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("keystore: reading %s: %w", path, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("keystore: %s is longer than %d bytes: not a key file", path, maxFile)
	}
	return text, nil
}

// private refuses a directory in which somebody else could swap a key.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("keystore: %s is not a directory", dir)
	}
	if info.Mode()&othersWrite != 0 {
		return fmt.Errorf("keystore: %s has mode %04o: others may swap the keys; make it 0700", dir, info.Mode().Perm())
	}
	return nil
}
