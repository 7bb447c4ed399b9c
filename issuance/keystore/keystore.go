// Package keystore is the directory of an issuer's secrets: the authority key
// that signs the control stream, the issuer keys that sign passes, the master of
// the vault and its field keys, each in one small file.
//
//	authority.key      signs the control stream
//	issuer-N.key       signs passes under key id N; at least one
//	issuer-N.retired   no secret: keeps N from being used again
//	vault.key          the vault's master
//	vault-field-N.key  the vault's field keys, if it has any
//	keystore.seal      what the passphrase opens, in a sealed directory
//
// A directory is plain (text files, whose first line says what they are) or sealed
// (age files). In a sealed one keystore.seal holds an age identity under the passphrase
// (scrypt), and the key files are encrypted to it. It belongs to the keys: without it
// nothing opens. The age command opens them, too: age -d -i keystore.seal FILE, and the
// passphrase.
//
// It promises: no key is ever overwritten by another; Open refuses files that
// others could have read, a directory in which others could have swapped them,
// and a sealed file that was altered, renamed or brought from elsewhere. A command
// that is cut off at any step leaves whole keys that open, and running it again
// finishes it; Keys.Leftovers says what is left. No secret is ever part of an
// error or of anything printed.
//
// It does not promise: that an erased secret is gone. Retire, DropFieldKey, Seal and
// Reseal overwrite before they let go, but a file system that copies on write, a flash
// disk, a snapshot or a backup may keep the old bytes, and so may free blocks after a
// power cut at the wrong moment: where that counts, rely on what the secret opened
// being worthless (a cut-off, a walk to a newer field key). That a plain file was not
// altered. That the directory is complete and recent: whoever can write it can delete a
// file or put back an older one, and can replace the keys by plain ones of his own;
// watch Keys.Plain. That memory is wiped: the keys are in it as long as the process
// lives.
package keystore

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Keys is what a directory holds. The signers are interfaces, so that a program
// can put a hardware module's in their place.
type Keys struct {
	Authority signing.Signer // signs the control stream; gateways pin its public half
	Issuers   []Issuer       // sign passes; oldest first, at least one
	// Issuer and IssuerID are those of Issuers[0]: a new key waits until gateways
	// know it and the old one is retired.
	Issuer    signing.Signer
	IssuerID  tokens.KeyID
	Vault     vault.Master
	FieldKeys []vault.FieldKey // for vault.New; oldest first, none at first

	plain, leftovers []string
}

// Issuer is a key that signs passes.
type Issuer struct {
	ID     tokens.KeyID
	Signer signing.Signer
	// Created is when the key was made, in whole seconds; zero for keys from
	// before that was written down.
	Created time.Time
}

// Plain lists the key files that are not sealed. They are good keys, and whoever
// reads the disk has them: a start should warn of each.
func (k *Keys) Plain() []string { return k.plain }

// Leftovers says, in a sentence each, what a command that was cut off, or an older
// release, left in the directory and what to do. The keys are whole all the same.
func (k *Keys) Leftovers() []string { return k.leftovers }

// Options say how to open a directory. The zero value is for plain ones.
type Options struct {
	// Passphrase opens a sealed directory, and has Init make one. A plain directory
	// opens with or without.
	Passphrase Passphrase
	// Trust says whose group may read the files and write the folders above them, for
	// Open. Commands that change a directory trust only root and their own user.
	Trust ownfile.Trust
	// Now dates new keys; time.Now if nil.
	Now func() time.Time
}

func (o Options) now() time.Time {
	if o.Now == nil {
		o.Now = time.Now
	}
	return o.Now().UTC().Truncate(time.Second)
}

// New makes keys from the system's random source, on no disk. It serves tests
// and the demo, whose issuer need not survive its process.
func New() *Keys {
	none := func(tokens.KeyID) bool { return false }
	k := &Keys{
		Authority: signing.NewKey(signing.GenerateSeed()),
		Issuers:   []Issuer{{drawID(none), signing.NewKey(signing.GenerateSeed()), Options{}.now()}},
		Vault:     vault.NewMaster(),
	}
	k.Issuer, k.IssuerID = k.Issuers[0].Signer, k.Issuers[0].ID
	return k
}

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
		if isOurs(name) {
			return fmt.Errorf("keystore: %s already holds keys (%s); they are never overwritten", dir, name)
		}
	}
	if o.Passphrase != "" {
		d.seal = &seal{}
		if err := d.changeKey(o.Passphrase); err != nil {
			return err
		}
	}
	if err := d.add(vaultKind.file, key{secret: vault.NewMaster()}); err != nil {
		return err
	}
	if err := d.add(authorityKind.file, key{secret: signing.GenerateSeed()}); err != nil {
		return err
	}
	_, err = d.addIssuer(o, nil)
	return err
}

// Open is Options.Open for a plain directory.
func Open(dir string) (*Keys, error) { return Options{}.Open(dir) }

// Open reads the keys of dir. Wrong passphrase: ErrPassphrase; none where one is
// needed: ErrSealed.
func (o Options) Open(dir string) (*Keys, error) {
	d, err := o.enter(dir, false)
	if err != nil {
		return nil, err
	}
	defer d.leave()
	return d.openKeys()
}

// openKeys reads every key file of the directory.
func (d *directory) openKeys() (*Keys, error) {
	k := &Keys{}
	names := []string{vaultKind.file, authorityKind.file} // must be there
	for _, name := range d.keys() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		v, how, err := d.read(name)
		if err != nil {
			return nil, err
		}
		if how == plain {
			k.plain = append(k.plain, name)
		}
		if err := k.take(d, kindOf(name), v); err != nil {
			return nil, fmt.Errorf("keystore: %s: %w", d.file(name), err)
		}
	}
	if len(k.Issuers) == 0 {
		return nil, fmt.Errorf("keystore: %s holds no issuer-ID.key: take one from the backup, or, if an Init was cut off here, remove what is left and repeat it", d.path)
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

// take puts the key of a file where it belongs.
func (k *Keys) take(d *directory, of *kind, v key) error {
	switch of {
	case authorityKind:
		k.Authority = signing.NewKey(v.secret)
	case vaultKind:
		k.Vault = v.secret
	case issuerKind:
		id := tokens.KeyID(v.number)
		if d.has(retiredFile(id)) {
			return errors.New("is the key of a retired id, come back from a backup; Retire it again")
		}
		k.Issuers = append(k.Issuers, Issuer{id, signing.NewKey(v.secret), v.created})
	case fieldKind:
		f := vault.FieldKey{Number: v.number, Secret: v.secret}
		if k.knows(f.ID()) {
			return errors.New("is the same key as another; take it from the backup")
		}
		k.FieldKeys = append(k.FieldKeys, f)
	}
	return nil
}

func (k *Keys) knows(id vault.FieldKeyID) bool {
	return k.Vault.FieldKeyID() == id ||
		slices.ContainsFunc(k.FieldKeys, func(f vault.FieldKey) bool { return f.ID() == id })
}

// leftovers explains what commands that were cut off left behind.
func (d *directory) leftovers(plain []string) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range d.names {
		if isUnfinished(name) {
			say("%s was not finished and never was a key; the next command that changes the directory removes it", name)
		}
	}
	for _, n := range d.numbers(issuerKind, retired) {
		if id := tokens.KeyID(n); !d.isRetired(id) {
			say("%s may still hold its secret: a Retire was cut off; retire key %d again", retiredFile(id), id)
		}
	}
	for _, n := range d.numbers(fieldKind, dropped) {
		say("%s may still hold its secret: a DropFieldKey was cut off; drop the key again", fieldKind.name(n, dropped))
	}
	if d.seal == nil {
		return out
	}
	if len(plain) > 0 {
		say("%s: not sealed, in a sealed directory: a Seal was cut off; seal the directory again", strings.Join(plain, ", "))
	}
	if len(d.seal.keys) > 1 || len(d.seal.legacy) > 1 {
		say("the old passphrase's key is still in use: a Reseal was cut off; seal the directory again with the new passphrase")
	}
	if len(d.seal.legacy) > 0 {
		say("the directory was sealed by an older release; seal it again with the same passphrase to have it in the present form")
	}
	return out
}
