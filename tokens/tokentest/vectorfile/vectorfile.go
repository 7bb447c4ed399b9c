// Package vectorfile keeps test vectors as files: a folder has one JSON file for each
// vector, named for it.
package vectorfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Encode is a vector as it is committed.
func Encode(vector any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(vector); err != nil {
		panic("BUG: a vector is plain data: " + err.Error())
	}
	return b.Bytes()
}

// ReadFolder reads every vector in a folder. It refuses a folder with fewer than
// fewest files, fields that T does not have, and a name that is not the file's.
func ReadFolder[T any](folder string, fewest int, name func(*T) string) (all []*T, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) < fewest {
		return nil, fmt.Errorf("%s holds %d vectors, want at least %d (run go generate): %v", folder, len(paths), fewest, err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		d := json.NewDecoder(bytes.NewReader(file))
		d.DisallowUnknownFields()
		v := new(T)
		if err := d.Decode(v); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if name(v)+".json" != filepath.Base(path) {
			return nil, fmt.Errorf("%s calls itself %q", path, name(v))
		}
		all = append(all, v)
	}
	return all, nil
}

// WriteFolder writes every vector to a folder, which must exist, and removes the files
// of vectors that no longer exist.
func WriteFolder[T any](folder string, all []*T, name func(*T) string) error {
	if folder == "" {
		return fmt.Errorf("-out is missing: name the directory of the vectors")
	}
	current := make(map[string]bool, len(all))
	for _, v := range all {
		path := filepath.Join(folder, name(v)+".json")
		current[path] = true
		if err := os.WriteFile(path, Encode(v), 0o644); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if !current[path] {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}
