package keystore

import (
	"fmt"
	"os"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/tokens"
)

const headRetired = "railgate issuer key retired (no secret; keeps the id from being used again)"

func retiredText(id tokens.KeyID) []byte { return fmt.Appendf(nil, "%s\nid %d\n", headRetired, id) }

// Retire takes an issuer key out of use and destroys its secret, as far as the
// package comment can promise. It needs no passphrase. What gateways believe does
// not change: cut the key off if it leaked. The last key in use stays. Retiring a
// key again finishes what was cut off and otherwise changes nothing.
func Retire(dir string, id tokens.KeyID) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.leave()
	key, gone := issuerFile(id), retiredFile(id)
	if !d.has(key) && !d.has(gone) {
		return fmt.Errorf("keystore: %s has no %s", dir, key)
	}
	if d.has(key) {
		if !d.hasOtherIssuer(id) {
			return fmt.Errorf("keystore: %s is the only issuer key in use; Generate another first", d.file(key))
		}
		if err := regular(d.file(key)); err != nil {
			return err
		}
		if err := rename(d.file(key), d.file(gone)); err != nil {
			return err
		}
	} else if d.isRetired(id) {
		return nil
	}
	return bury(d.file(gone), retiredText(id))
}

func (d *directory) hasOtherIssuer(than tokens.KeyID) bool {
	for _, name := range d.names {
		if id, ok := issuerID(name, inUse); ok && id != than && !d.has(retiredFile(id)) {
			return true
		}
	}
	return false
}

// isRetired tells a file without a secret from one that was only renamed.
func (d *directory) isRetired(id tokens.KeyID) bool {
	text, err := os.ReadFile(d.file(retiredFile(id)))
	return err == nil && string(text) == string(retiredText(id))
}

// bury erases a file and leaves a text in its place.
func bury(path string, text []byte) error {
	f, err := openToErase(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := erase(f); err != nil {
		return err
	}
	if err := before("bury", path); err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(text, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("keystore: retiring %s: %w", path, err)
	}
	return nil
}
