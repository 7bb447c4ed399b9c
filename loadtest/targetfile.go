package loadtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// DefaultTargetFile returns the path of the target file that a running demo writes.
func DefaultTargetFile() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("railgate-demo-%d", os.Getuid()), "target.json")
}

// ErrNoTarget means that the file does not exist: no demo is running.
var ErrNoTarget = errors.New("no such file")

// ReadTarget reads a target file. It refuses a file that another user could have written
// or can read: it contains credentials and a signing key.
func ReadTarget(path string) (Target, error) {
	info, err := os.Lstat(path) // before opening, since opening a pipe would block
	if errors.Is(err, fs.ErrNotExist) {
		return Target{}, fmt.Errorf("target file %s: %w", path, ErrNoTarget)
	}
	if err != nil {
		return Target{}, fmt.Errorf("target file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Target{}, fmt.Errorf("target file %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Target{}, fmt.Errorf("target file: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // again, of the opened file
		return Target{}, fmt.Errorf("target file: %w", err)
	}
	if !ownedByUser(info) {
		return Target{}, fmt.Errorf("target file %s belongs to another user and is not used, since its owner controls the target", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Target{}, fmt.Errorf("target file %s is open to other users (mode %04o) and contains keys: chmod 600 it, and make new keys if others may have read it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxTargetFile+1))
	if err != nil {
		return Target{}, fmt.Errorf("target file: %w", err)
	}
	if len(text) > MaxTargetFile {
		return Target{}, fmt.Errorf("target file %s is larger than %d bytes", path, MaxTargetFile)
	}
	t, err := parseTarget(text)
	if err != nil {
		return Target{}, fmt.Errorf("target file %s: %w", path, err)
	}
	return t, nil
}

func parseTarget(text []byte) (Target, error) {
	if err := exactKeys(text); err != nil {
		return Target{}, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var t Target
	if err := d.Decode(&t); err != nil {
		return Target{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Target{}, errors.New("data follows the JSON object")
	}
	return t, nil
}

// exactKeys refuses two forms that encoding/json accepts: a repeated key, of which the last
// would count, and a key in another case.
func exactKeys(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return errors.New("expected one JSON object")
	}
	seen, prefix := map[string]bool{}, ""
	for {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		if token == json.Delim('}') {
			if prefix == "" {
				return nil
			}
			prefix = ""
			continue
		}
		key, ok := token.(string)
		if !ok {
			return errors.New("expected a key")
		}
		key = prefix + key
		if !targetKeys[key] {
			return fmt.Errorf("unknown key %q", key)
		}
		if seen[key] {
			return fmt.Errorf("key %q is repeated", key)
		}
		seen[key] = true
		value, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		switch value := value.(type) {
		case json.Delim:
			if key != "load_key" || value != '{' {
				return fmt.Errorf("key %q: expected another type of value", key)
			}
			prefix = key + "."
		case nil:
			return fmt.Errorf("key %q is null", key)
		}
	}
}

var targetKeys = map[string]bool{
	"gateway": true, "issuer": true, "device": true, "staff": true, "passback": true, "second": true, "second_gateway": true,
	"load_key": true, "load_key.id": true, "load_key.seed": true,
}
