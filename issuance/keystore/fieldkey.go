package keystore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/vault"
)

// maxFieldKey bounds the numbers of field keys. Ours: one a day for 27 years.
const maxFieldKey = 9999

func fieldFile(n int) string { return fmt.Sprintf("%s%d%s", fieldStem, n, inUse) }

func fieldNumber(name, end string) (int, bool) {
	stem, isField := strings.CutPrefix(name, fieldStem)
	stem, ends := strings.CutSuffix(stem, end)
	n, err := number(stem, 1, maxFieldKey)
	return int(n), isField && ends && err == nil
}

// NewFieldKey adds a field key for the vault and returns its number, one above the
// highest. From the next start on it seals; the others go on opening. Issuers that
// share a database must all have the file before one of them starts with it.
func (o Options) NewFieldKey(dir string) (int, error) {
	d, err := o.enterToAdd(dir)
	if err != nil {
		return 0, err
	}
	defer d.leave()
	keys, err := d.open() // a key added to a directory that does not open would help nobody
	if err != nil {
		return 0, err
	}
	n := d.newestFieldKey() + 1
	if n > maxFieldKey {
		return 0, fmt.Errorf("keystore: %s: no number is left for a field key", dir)
	}
	k := vault.FieldKey{Number: n, Secret: vault.NewKey()}
	for keys.knows(k.ID()) { // ids are short: in one of 2^32 draws two keys would share one
		k.Secret = vault.NewKey()
	}
	return n, d.add(fieldFile(n), strconv.Itoa(n), fmt.Sprintf("%x", k.Secret[:]))
}

func (d *directory) newestFieldKey() (newest int) {
	for _, name := range d.names {
		for _, end := range []string{inUse, dropped} {
			if n, ok := fieldNumber(name, end); ok {
				newest = max(newest, n)
			}
		}
	}
	return newest
}

func (k *Keys) knows(id vault.FieldKeyID) bool {
	return k.Vault.FieldKeyID() == id ||
		slices.ContainsFunc(k.FieldKeys, func(f vault.FieldKey) bool { return f.ID() == id })
}

// takeFieldKey takes what stands in a field key file.
func (k *Keys) takeFieldKey(name string, values []string) error {
	n, ok := fieldNumber(name, inUse)
	if !ok || values[0] != strconv.Itoa(n) {
		return fmt.Errorf("the number must be 1 to %d and that of the file name", maxFieldKey)
	}
	s, err := secret("secret", values[1])
	if err != nil {
		return err
	}
	f := vault.FieldKey{Number: n, Secret: s}
	if k.knows(f.ID()) {
		return errors.New("is the same key as another; take it from the backup")
	}
	k.FieldKeys = append(k.FieldKeys, f)
	return nil
}

// DropFieldKey destroys a field key, as far as the package comment can promise.
// What is still sealed under it is lost, here and in every backup of the database:
// the caller must have seen that nothing is vault.Stale any more. It needs no
// passphrase. The newest key stays. Repeated after it was cut off, it finishes.
func DropFieldKey(dir string, n int) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.leave()
	key, gone := fieldFile(n), fmt.Sprintf("%s%d%s", fieldStem, n, dropped)
	if !d.has(key) && !d.has(gone) {
		return fmt.Errorf("keystore: %s has no %s", dir, key)
	}
	if n == d.newestFieldKey() {
		return fmt.Errorf("keystore: %s is the newest field key; add another first, and move what it sealed", d.file(key))
	}
	if d.has(key) {
		if err := regular(d.file(key)); err != nil {
			return err
		}
		if err := rename(d.file(key), d.file(gone)); err != nil {
			return err
		}
	}
	return destroy(d.file(gone))
}
