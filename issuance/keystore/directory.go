package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/railgate/railgate/internal/ownfile"
)

const (
	authorityFile = "authority.key"
	vaultFile     = "vault.key"
)

// What the names of numbered files begin and end with.
const (
	issuerStem = "issuer-"
	fieldStem  = "vault-field-"
	inUse      = ".key"
	retired    = ".retired" // an issuer key whose secret is destroyed
	dropped    = ".dropped" // a field key that is being destroyed
)

// kindOf tells by its name what a key file in use must be; nil if it is none.
func kindOf(name string) *kind {
	switch {
	case name == authorityFile:
		return authorityKind
	case name == vaultFile:
		return vaultKind
	case strings.HasPrefix(name, issuerStem) && strings.HasSuffix(name, inUse):
		return issuerKind
	case strings.HasPrefix(name, fieldStem) && strings.HasSuffix(name, inUse):
		return fieldKind
	}
	return nil
}

// directory is a key directory under its lock.
type directory struct {
	path  string
	trust ownfile.Trust
	names []string // of everything in it, sorted
	seal  *seal    // nil: plain
	leave func()
}

// enter locks a directory and opens its seal, if it has one. Alone, it also clears
// away what a command that was cut off had not finished writing.
func enter(path string, p Passphrase, trust ownfile.Trust, alone bool) (*directory, error) {
	d, err := lockDirectory(path, trust, alone)
	if err != nil {
		return nil, err
	}
	if err := d.openSeal(p); err != nil {
		d.leave()
		return nil, err
	}
	return d, nil
}

// lockDirectory does what can be done without the passphrase.
func lockDirectory(path string, trust ownfile.Trust, alone bool) (*directory, error) {
	if err := private(path, trust, alone); err != nil {
		return nil, err
	}
	unlock, err := lock(path, alone)
	if err != nil {
		return nil, err
	}
	d := &directory{path: path, trust: trust, leave: unlock}
	if alone {
		err = d.sweep()
	}
	if err == nil {
		err = d.list()
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return d, nil
}

func (d *directory) list() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	d.names = nil
	for _, e := range entries {
		d.names = append(d.names, e.Name())
	}
	return nil
}

// isUnfinished tells the names that only this package gives.
func isUnfinished(name string) bool {
	stem, ok := strings.CutSuffix(name, unfinished)
	return ok && (stem == sealFile || kindOf(stem) != nil)
}

func (d *directory) sweep() error {
	if err := d.list(); err != nil {
		return err
	}
	for _, name := range d.names {
		if isUnfinished(name) {
			if err := destroy(d.file(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *directory) openSeal(p Passphrase) error {
	if !d.has(sealFile) {
		return nil
	}
	text, err := d.readFile(sealFile)
	if err != nil {
		return err
	}
	if p == "" {
		return ErrSealed
	}
	d.seal, err = openSeal(text, p)
	return err
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

func (d *directory) has(name string) bool { return slices.Contains(d.names, name) }

// keys are the names of the key files in use.
func (d *directory) keys() (names []string) {
	for _, name := range d.names {
		if kindOf(name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// read takes a key file apart, sealed or plain, and has its values opened.
func (d *directory) read(name string) (*keyFile, error) {
	text, err := d.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("keystore: %s has no %s: take it from the backup, or, if an Init was cut off here, remove what is left and repeat it", d.path, name)
	}
	if err != nil {
		return nil, err
	}
	k := kindOf(name)
	f, err := parse(k, text)
	if err == nil && f.sealed {
		f.values, err = d.unseal(k, name, f)
	}
	if err != nil {
		return nil, fmt.Errorf("keystore: %s: %w", d.file(name), err)
	}
	return f, nil
}

func (d *directory) unseal(k *kind, name string, f *keyFile) ([]string, error) {
	if d.seal == nil {
		return nil, fmt.Errorf("is sealed, and %s is missing; take it from the backup", sealFile)
	}
	for i := range d.seal.keys {
		if d.seal.keys[i].id() == f.under {
			return k.open(name, f, &d.seal.keys[i])
		}
	}
	return nil, fmt.Errorf("was sealed in another directory or before a Reseal; take it and %s from one backup", sealFile)
}

// text is a key file as it is to be written here.
func (d *directory) text(name string, values []string) []byte {
	if d.seal == nil {
		return kindOf(name).plain(values)
	}
	return kindOf(name).seal(name, values, &d.seal.keys[0])
}

// add makes a new key file.
func (d *directory) add(name string, values ...string) error {
	return create(d.file(name), d.text(name, values))
}
