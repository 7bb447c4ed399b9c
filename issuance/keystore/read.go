package keystore

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/railgate/railgate/issuance/secretfile"
)

// maxFile bounds what is read of a file, bytes.
const maxFile = 1024

// othersWrite are the permissions that a key directory must not give.
const othersWrite fs.FileMode = 0o022

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

// readFile reads a key file or the seal.
func readFile(path string) ([]byte, error) {
	text, err := secretfile.Read(path, maxFile, secretfile.Owner, "make it 0600, and make new keys if they could")
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
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
