package keystore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Generate adds an issuer key to an existing directory. Its id is not in taken, which should contain all ids
// ever announced, and was never used in the directory. The key does not sign yet: Keys.Issuer stays the oldest.
func (o Options) Generate(dir string, taken map[tokens.KeyID]bool) (Issuer, error) {
	d, err := o.openToAdd(dir)
	if err != nil {
		return Issuer{}, err
	}
	defer d.unlock()
	return d.addIssuer(o, taken)
}

func (d *directory) addIssuer(o Options, taken map[tokens.KeyID]bool) (Issuer, error) {
	id := drawID(func(id tokens.KeyID) bool { return taken[id] || d.has(issuerFile(id)) || d.has(retiredFile(id)) })
	if id == 0 {
		return Issuer{}, errors.New("keystore: every id is taken")
	}
	v := key{int(id), signing.GenerateSeed(), o.now()}
	return Issuer{id, signing.NewKey(v.secret), v.created}, d.add(issuerFile(id), v)
}

func issuerFile(id tokens.KeyID) string  { return issuerKind.name(int(id), inUse) }
func retiredFile(id tokens.KeyID) string { return issuerKind.name(int(id), retired) }

// drawID returns a random free id, or 0 if all are taken. An id belongs to one key permanently: random ids avoid
// that two independent issuers choose the same one.
func drawID(taken func(tokens.KeyID) bool) tokens.KeyID {
	first := rand.IntN(issuerKind.max)
	for i := range issuerKind.max {
		if id := tokens.KeyID(1 + (first+i)%issuerKind.max); !taken(id) {
			return id
		}
	}
	return 0
}

// openToAdd opens a directory for a new key. It ensures that the new key is protected as the existing ones are.
func (o Options) openToAdd(dir string) (*directory, error) {
	d, err := o.openDirectory(dir, true)
	if err != nil {
		return nil, err
	}
	switch {
	case len(d.keys()) == 0:
		err = fmt.Errorf("keystore: %s contains no keys; run Init first", dir)
	case d.keySet == nil && o.Passphrase != "":
		err = fmt.Errorf("keystore: a passphrase is set, but %s is not encrypted; encrypt it first", dir)
	case d.keySet != nil && len(d.keySet.keys) == 0:
		err = d.encryptAll(o.Passphrase) // legacy format
	}
	if err != nil {
		d.unlock()
		return nil, err
	}
	return d, nil
}

const headRetired = "railgate issuer key retired (no secret; keeps the id from being used again)"

func retiredText(id tokens.KeyID) []byte { return fmt.Appendf(nil, "%s\nid %d\n", headRetired, id) }

// Retire removes an issuer key from use and destroys its secret, with the limits in the package comment. It
// needs no passphrase. Gateways still accept the key: distrust it if it leaked. The last key in use cannot be
// retired. Retiring a key again completes an interrupted retirement and otherwise changes nothing.
func Retire(dir string, id tokens.KeyID) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.unlock()
	if d.isRetired(id) && !d.has(issuerFile(id)) {
		return nil
	}
	others := slices.DeleteFunc(d.numbers(issuerKind, inUse), func(n int) bool {
		return n == int(id) || d.has(retiredFile(tokens.KeyID(n)))
	})
	last := d.has(issuerFile(id)) && len(others) == 0
	if err := d.renameKey(issuerFile(id), retiredFile(id), last, "is the only issuer key in use; generate another first"); err != nil {
		return err
	}
	return replace(d.file(retiredFile(id)), retiredText(id))
}

// renameKey renames a key file from name to gone, unless that was done before. It refuses the last key with the
// reason why.
func (d *directory) renameKey(name, gone string, last bool, why string) error {
	switch {
	case !d.has(name) && !d.has(gone):
		return fmt.Errorf("keystore: %s has no %s", d.path, name)
	case last:
		return fmt.Errorf("keystore: %s %s", d.file(name), why)
	case !d.has(name):
		return nil
	}
	if err := requireRegular(d.file(name)); err != nil {
		return err
	}
	return wrap(disk.Rename(d.file(name), d.file(gone)))
}

// isRetired distinguishes a file without a secret from one that was only renamed.
func (d *directory) isRetired(id tokens.KeyID) bool {
	text, err := os.ReadFile(d.file(retiredFile(id)))
	return err == nil && string(text) == string(retiredText(id))
}

// NewFieldKey adds a field key for the vault and returns its number, one above the highest. After the next start
// it encrypts; the other keys still decrypt. All issuers on one database must have the file before one of them
// starts with it.
func (o Options) NewFieldKey(dir string) (int, error) {
	d, err := o.openToAdd(dir)
	if err != nil {
		return 0, err
	}
	defer d.unlock()
	keys, err := d.openKeys() // a key in a directory that does not open would be useless
	if err != nil {
		return 0, err
	}
	n := d.newestFieldKey() + 1
	if n > fieldKind.max {
		return 0, fmt.Errorf("keystore: %s: all numbers of field keys are used", dir)
	}
	k := vault.FieldKey{Number: n, Secret: vault.NewKey()}
	for keys.hasFieldKey(k.ID()) { // ids are short: two keys share one with probability 2^-32
		k.Secret = vault.NewKey()
	}
	return n, d.add(fieldKind.name(n, inUse), key{number: n, secret: k.Secret})
}

func (d *directory) newestFieldKey() int {
	return slices.Max(append(append(d.numbers(fieldKind, inUse), d.numbers(fieldKind, dropped)...), 0))
}

// DropFieldKey destroys a field key, with the limits in the package comment. Fields encrypted with it are lost,
// also in every backup of the database: the caller must first verify that no field is stale (see
// [vault.Walker.Remaining]). It needs no passphrase. The newest key cannot be dropped. Running it again
// completes an interrupted destruction.
func DropFieldKey(dir string, n int) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.unlock()
	name, gone := fieldKind.name(n, inUse), fieldKind.name(n, dropped)
	if err := d.renameKey(name, gone, n == d.newestFieldKey(), "is the newest field key; add another first, and re-encrypt the fields"); err != nil {
		return err
	}
	return destroy(d.file(gone))
}
