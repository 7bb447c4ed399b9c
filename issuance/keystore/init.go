package keystore

import (
	"fmt"
	"os"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens/signing"
)

// Init is Options.Init for a plain directory.
func Init(dir string) (*Keys, error) { return Options{}.Init(dir) }

// Init makes the keys of a new issuer in dir, which it creates if need be, and
// returns them as Open does. With a passphrase no key ever lies there in the
// clear. It refuses a directory that already holds a key.
func (o Options) Init(dir string) (*Keys, error) {
	if o.Passphrase != "" {
		if err := o.Passphrase.strongEnough(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	if err := o.makeKeys(dir); err != nil {
		return nil, err
	}
	return o.Open(dir)
}

func (o Options) makeKeys(dir string) error {
	d, err := lockDirectory(dir, ownfile.Trust{}, true)
	if err != nil {
		return err
	}
	defer d.leave()
	for _, name := range d.names {
		if _, isRetired := retiredID(name); isRetired || name == sealFile || kindOf(name) != nil {
			return fmt.Errorf("keystore: %s already holds keys (%s); they are never overwritten", dir, name)
		}
	}
	if o.Passphrase != "" {
		d.seal = newSeal(o.Passphrase, newDirectoryKey())
		if err := create(d.file(sealFile), d.seal.text()); err != nil {
			return err
		}
	}
	master, authority := vault.NewMaster(), signing.GenerateSeed()
	if err := d.add(vaultFile, fmt.Sprintf("%x", master[:])); err != nil {
		return err
	}
	if err := d.add(authorityFile, fmt.Sprintf("%x", authority[:])); err != nil {
		return err
	}
	_, err = d.addIssuer(drawID(nil), o.now())
	return err
}
