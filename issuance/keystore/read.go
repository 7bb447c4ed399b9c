package keystore

import (
	"fmt"
	"os"

	"github.com/railgate/railgate/internal/ownfile"
)

// maxFile bounds what is read of a file, bytes.
const maxFile = 1024

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
func (d *directory) readFile(name string) ([]byte, error) {
	text, err := d.trust.ReadSecret(d.file(name), maxFile, "make it 0600, and make new keys if they could")
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("keystore: %s is longer than %d bytes: not a key file", d.file(name), maxFile)
	}
	return text, nil
}

// private refuses a directory in which another user could swap a key or, where it is
// about to be changed, add a file.
func private(dir string, trust ownfile.Trust, change bool) error {
	check := trust.FolderToRead
	if change {
		check = trust.Folder
	}
	if err := check(dir); err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	return nil
}
