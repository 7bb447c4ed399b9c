package keystore

import (
	"errors"
	"fmt"

	"github.com/railgate/railgate/internal/ownfile"
)

// Seal turns a plain directory into a sealed one. Whenever it is cut off, the
// directory opens with the passphrase, and the same call finishes; on a sealed
// directory it changes nothing else. What the files held in the clear is erased,
// as far as the package comment can promise: copies of them stay what they were.
func Seal(dir string, p Passphrase) error {
	if err := p.strongEnough(); err != nil {
		return err
	}
	d, err := enter(dir, p, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.leave()
	if d.seal != nil {
		return d.settle()
	}
	if len(d.keys()) == 0 {
		return fmt.Errorf("keystore: %s holds no keys", dir)
	}
	if err := d.check(); err != nil {
		return err
	}
	d.seal = newSeal(p, newDirectoryKey())
	// First the seal, then what lies under it: no file is ever sealed under a key
	// that is not on disk.
	if err := create(d.file(sealFile), d.seal.text()); err != nil {
		return err
	}
	return d.settle()
}

// Reseal changes the passphrase and the key under it, so that the old passphrase
// and an old copy of keystore.seal open nothing that is made from now on. Whenever
// it is cut off, one of the two passphrases opens the directory, and the same call
// finishes.
func Reseal(dir string, old, next Passphrase) error {
	if err := next.strongEnough(); err != nil {
		return err
	}
	d, err := enter(dir, old, ownfile.Trust{}, true)
	if errors.Is(err, ErrPassphrase) {
		if d, err := enter(dir, next, ownfile.Trust{}, true); err == nil {
			defer d.leave()
			return d.settle()
		}
	}
	if err != nil {
		return err
	}
	defer d.leave()
	if d.seal == nil {
		return fmt.Errorf("keystore: %s is plain; Seal it", dir)
	}
	if err := d.settle(); err != nil {
		return err
	}
	d.seal = newSeal(next, newDirectoryKey(), d.seal.keys[0])
	if err := replace(d.file(sealFile), d.seal.text()); err != nil {
		return err
	}
	return d.settle()
}

// check reads every key file as it is about to be replaced, so that a directory
// with a bad one is left as it was.
func (d *directory) check() error {
	for _, name := range d.keys() {
		if err := regular(d.file(name)); err != nil {
			return err
		}
		if _, err := d.read(name); err != nil {
			return err
		}
	}
	return nil
}

// settle brings every key file under the first directory key, and then drops any
// other.
func (d *directory) settle() error {
	if err := d.check(); err != nil {
		return err
	}
	newest := &d.seal.keys[0]
	for _, name := range d.keys() {
		f, err := d.read(name)
		if err != nil {
			return err
		}
		if f.sealed && f.under == newest.id() {
			continue
		}
		if err := replace(d.file(name), d.text(name, f.values)); err != nil {
			return err
		}
	}
	if len(d.seal.keys) == 1 {
		return nil
	}
	d.seal.keys = d.seal.keys[:1]
	return replace(d.file(sealFile), d.seal.text())
}
