package keystore

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens/signing"
)

// Open is Options.Open for a plain directory.
func Open(dir string) (*Keys, error) { return Options{}.Open(dir) }

// Open reads the keys of dir. Wrong passphrase: ErrPassphrase; none where one is
// needed: ErrSealed.
func (o Options) Open(dir string) (*Keys, error) {
	d, err := enter(dir, o.Passphrase, o.Trust, false)
	if err != nil {
		return nil, err
	}
	defer d.leave()
	return d.open()
}

// open reads every key file of the directory.
func (d *directory) open() (*Keys, error) {
	k := &Keys{}
	names := []string{vaultFile, authorityFile} // must be there
	for _, name := range d.keys() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if err := k.take(d, name); err != nil {
			return nil, err
		}
	}
	if len(k.Issuers) == 0 {
		return nil, fmt.Errorf("keystore: %s holds no %sID%s: take one from the backup, or, if an Init was cut off here, remove what is left and repeat it", d.path, issuerStem, inUse)
	}
	slices.Sort(k.plain)
	slices.SortFunc(k.Issuers, func(a, b Issuer) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(k.FieldKeys, func(a, b vault.FieldKey) int { return cmp.Compare(a.Number, b.Number) })
	k.Issuer, k.IssuerID = k.Issuers[0].Signer, k.Issuers[0].ID
	k.leftovers = d.leftovers(k.plain)
	return k, nil
}

// take reads one key file.
func (k *Keys) take(d *directory, name string) error {
	f, err := d.read(name)
	if err != nil {
		return err
	}
	if !f.sealed {
		k.plain = append(k.plain, name)
	}
	switch kindOf(name) {
	case authorityKind:
		var seed [signing.SeedSize]byte
		seed, err = secret("seed", f.values[0])
		k.Authority = signing.NewKey(seed)
	case vaultKind:
		k.Vault, err = secret("master", f.values[0])
	case issuerKind:
		err = k.takeIssuer(d, name, f.values)
	case fieldKind:
		err = k.takeFieldKey(name, f.values)
	}
	if err != nil {
		return fmt.Errorf("keystore: %s: %w", d.file(name), err)
	}
	return nil
}
