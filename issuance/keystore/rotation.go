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

// Generate adds an issuer key to a directory that Init made. Its id is none of
// taken, which should be all that were ever announced, and none that the directory
// ever held. Nothing signs with it yet: Keys.Issuer stays the oldest.
func (o Options) Generate(dir string, taken map[tokens.KeyID]bool) (Issuer, error) {
	d, err := o.enterToAdd(dir)
	if err != nil {
		return Issuer{}, err
	}
	defer d.leave()
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

// drawID is random because ids are bound to keys for ever: two issuers set up by
// people who never spoke should not meet on one. It returns 0 if all are taken.
func drawID(taken func(tokens.KeyID) bool) tokens.KeyID {
	first := rand.IntN(issuerKind.max)
	for i := range issuerKind.max {
		if id := tokens.KeyID(1 + (first+i)%issuerKind.max); !taken(id) {
			return id
		}
	}
	return 0
}

// enterToAdd sees to it that a new key is as well kept as its neighbours.
func (o Options) enterToAdd(dir string) (*directory, error) {
	d, err := o.enter(dir, true)
	if err != nil {
		return nil, err
	}
	switch {
	case len(d.keys()) == 0:
		err = fmt.Errorf("keystore: %s holds no keys; Init makes the first", dir)
	case d.seal == nil && o.Passphrase != "":
		err = fmt.Errorf("keystore: a passphrase was given, but %s is plain; Seal it first", dir)
	case d.seal != nil && len(d.seal.keys) == 0:
		err = d.settle(o.Passphrase) // from before age
	}
	if err != nil {
		d.leave()
		return nil, err
	}
	return d, nil
}

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
	if d.isRetired(id) && !d.has(issuerFile(id)) {
		return nil
	}
	others := slices.DeleteFunc(d.numbers(issuerKind, inUse), func(n int) bool {
		return n == int(id) || d.has(retiredFile(tokens.KeyID(n)))
	})
	last := d.has(issuerFile(id)) && len(others) == 0
	if err := d.takeOut(issuerFile(id), retiredFile(id), last, "is the only issuer key in use; Generate another first"); err != nil {
		return err
	}
	return replace(d.file(retiredFile(id)), retiredText(id))
}

// takeOut renames a key file, and does nothing if that was done before; the last key
// stays.
func (d *directory) takeOut(name, gone string, last bool, why string) error {
	switch {
	case !d.has(name) && !d.has(gone):
		return fmt.Errorf("keystore: %s has no %s", d.path, name)
	case last:
		return fmt.Errorf("keystore: %s %s", d.file(name), why)
	case !d.has(name):
		return nil
	}
	if err := regular(d.file(name)); err != nil {
		return err
	}
	return wrap(disk.Rename(d.file(name), d.file(gone)))
}

// isRetired tells a file without a secret from one that was only renamed.
func (d *directory) isRetired(id tokens.KeyID) bool {
	text, err := os.ReadFile(d.file(retiredFile(id)))
	return err == nil && string(text) == string(retiredText(id))
}

// NewFieldKey adds a field key for the vault and returns its number, one above the
// highest. From the next start on it encrypts; the others go on decrypting. Issuers
// that share a database must all have the file before one of them starts with it.
func (o Options) NewFieldKey(dir string) (int, error) {
	d, err := o.enterToAdd(dir)
	if err != nil {
		return 0, err
	}
	defer d.leave()
	keys, err := d.openKeys() // a key added to a directory that does not open would help nobody
	if err != nil {
		return 0, err
	}
	n := d.newestFieldKey() + 1
	if n > fieldKind.max {
		return 0, fmt.Errorf("keystore: %s: no number is left for a field key", dir)
	}
	k := vault.FieldKey{Number: n, Secret: vault.NewKey()}
	for keys.knows(k.ID()) { // ids are short: in one of 2^32 draws two keys would share one
		k.Secret = vault.NewKey()
	}
	return n, d.add(fieldKind.name(n, inUse), key{number: n, secret: k.Secret})
}

func (d *directory) newestFieldKey() int {
	return slices.Max(append(append(d.numbers(fieldKind, inUse), d.numbers(fieldKind, dropped)...), 0))
}

// DropFieldKey destroys a field key, as far as the package comment can promise.
// What is still encrypted with it is lost, here and in every backup of the database:
// the caller must have seen that nothing is vault.Stale any more. It needs no
// passphrase. The newest key stays. Repeated after it was cut off, it finishes.
func DropFieldKey(dir string, n int) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.leave()
	name, gone := fieldKind.name(n, inUse), fieldKind.name(n, dropped)
	if err := d.takeOut(name, gone, n == d.newestFieldKey(), "is the newest field key; add another first, and move what it encrypts"); err != nil {
		return err
	}
	return destroy(d.file(gone))
}
