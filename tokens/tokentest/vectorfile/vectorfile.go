// Package vectorfile reads and writes test vectors, and compares the committed files
// with the vectors that the code generates. Vectors are in folders, with one JSON file
// per vector that has its name, or in lists, which are JSON files with one vector a line.
package vectorfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Generate is the main function of a command that writes generated vectors to the
// folder of its flag -out. See [WriteFolder].
func Generate[T any](generated []*T, name func(*T) string) {
	out := flag.String("out", "", "directory to write to; it must exist")
	flag.Parse()
	if err := WriteFolder(*out, generated, name); err != nil {
		fmt.Fprintln(os.Stderr, "genvectors:", err)
		os.Exit(1)
	}
}

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

// CheckFolder returns an error for each file of a folder that differs from the
// generated vectors, that is missing, or that has no generated vector.
func CheckFolder[T any](folder string, generated []*T, name func(*T) string) error {
	var all []error
	current := make(map[string]bool, len(generated))
	for _, v := range generated {
		path := filepath.Join(folder, name(v)+".json")
		current[path] = true
		if file, err := os.ReadFile(path); err != nil || !bytes.Equal(file, Encode(v)) {
			all = append(all, fmt.Errorf("%s differs from the generated vector (run go generate): %v", path, err))
		}
	}
	committed, err := filepath.Glob(filepath.Join(folder, "*.json"))
	for _, path := range committed {
		if !current[path] {
			all = append(all, fmt.Errorf("%s is not generated (run go generate)", path))
		}
	}
	return errors.Join(append(all, err)...)
}

// EncodeList returns the content of a list.
func EncodeList[T any](all []T) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('[')
	for i, v := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := e.Encode(v); err != nil {
			panic("BUG: a vector is plain data: " + err.Error())
		}
	}
	b.WriteString("]\n")
	return b.Bytes()
}

// ReadList reads a list. It returns an error if the file differs from the generated
// vectors, or has fewer than fewest. With write true it writes the file first: tests
// set it with their flag -update.
func ReadList[T any](path string, generated []T, fewest int, write bool) (all []T, err error) {
	want := EncodeList(generated)
	if write {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return nil, err
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(file, want) {
		return nil, fmt.Errorf("%s differs from the generated vectors: run the test with -update if the change is intended", path)
	}
	if err := json.Unmarshal(file, &all); err != nil || len(all) < fewest {
		return nil, fmt.Errorf("%s contains %d vectors, want at least %d: %v", path, len(all), fewest, err)
	}
	return all, nil
}
