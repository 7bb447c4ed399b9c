// Package vectorfile reads and writes test vectors: one JSON file per vector, named
// after it.
package vectorfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Encode returns the file content of a vector.
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

// ReadFolder reads every vector in a folder. It returns an error if the folder has
// fewer than fewest files, if a file has fields that T does not have, or if a
// vector's name differs from its file name.
func ReadFolder[T any](folder string, fewest int, name func(*T) string) (all []*T, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(paths) < fewest {
		return nil, fmt.Errorf("%s contains %d vectors, want at least %d (run go generate): %v", folder, len(paths), fewest, err)
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
			return nil, fmt.Errorf("%s: the name field is %q, want the file name", path, name(v))
		}
		all = append(all, v)
	}
	return all, nil
}

// WriteFolder writes every vector to an existing folder and removes the files of
// vectors that are not in all.
func WriteFolder[T any](folder string, all []*T, name func(*T) string) error {
	if folder == "" {
		return fmt.Errorf("-out is missing: set it to the directory of the vectors")
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
