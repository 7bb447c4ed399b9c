package keystore

import (
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The first line of each kind of file: what it is, the version of its format,
// and a warning for whoever opens it by chance.
const (
	headAuthority = "railgate authority key v1 (secret: signs the control stream)"
	headIssuer    = "railgate issuer key v1 (secret: signs passes)"
	headVault     = "railgate vault master v1 (secret: opens personal data)"
)

// maxFile bounds what is read of a key file, bytes.
const maxFile = 1024

// othersRead and othersWrite are the permissions that a key file and its
// directory must not give.
const (
	othersRead  fs.FileMode = 0o077
	othersWrite fs.FileMode = 0o022
)

// field is one "name value" line below the head.
type field struct{ name, value string }

// writeFile makes a new key file and has it on disk before it returns.
func writeFile(path, head string, fields ...field) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	text := head + "\n"
	for _, l := range fields {
		text += l.name + " " + l.value + "\n"
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("keystore: writing %s: %w", filepath.Base(path), err)
	}
	return nil
}

// readFile reads exactly the named fields, in order. It looks at the
// permissions of the very file that it reads.
func readFile(path, head string, names ...string) ([]string, error) {
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
	// From here on errors name the file and the line, never its content.
	lines := strings.Split(string(text), "\n")
	if len(text) > maxFile || lines[0] != head {
		return nil, fmt.Errorf("keystore: %s does not begin with the line %q", path, head)
	}
	if len(lines) != len(names)+2 || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("keystore: %s must have %d lines", path, len(names)+1)
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok {
			return nil, fmt.Errorf("keystore: line %d of %s must be %q and a value", i+2, path, name)
		}
		values[i] = value
	}
	return values, nil
}

// secret reads 32 bytes of lower-case hex.
func secret(path, name, value string) (out [32]byte, err error) {
	raw, err := hex.DecodeString(value)
	if err != nil || len(raw) != len(out) || hex.EncodeToString(raw) != value {
		return out, fmt.Errorf("keystore: %q in %s must be 64 lower-case hex digits", name, path)
	}
	return [32]byte(raw), nil
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

// syncDir has the names of new files on disk.
func syncDir(dir string) error {
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
