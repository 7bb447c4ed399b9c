// Package keystore stores the secrets of an issuer in a directory: the authority key that signs the control
// stream, the issuer keys that sign passes, the master of the vault, and its field keys. Each is in its own
// small file.
//
//	authority.key      signs the control stream
//	issuer-N.key       signs passes with key id N; at least one
//	issuer-N.retired   no secret: prevents the reuse of N
//	vault.key          the vault's master
//	vault-field-N.key  the vault's field keys, if any
//	keystore.seal      in an encrypted directory: the key of the other files
//
// A directory is plain (text files, whose first line names their kind) or encrypted (age files). In an encrypted
// directory, keystore.seal contains an age identity, encrypted with the passphrase (scrypt), and the key files
// are encrypted to that identity. Back it up with the keys: without it, no key can be decrypted. The age command
// can decrypt the files, too: age -d -i keystore.seal FILE, and the passphrase.
//
// It promises:
//   - No key is ever overwritten by another.
//   - Open refuses files that other users could have read, a directory in which they could have replaced files,
//     and an encrypted file that was altered, renamed or copied from another directory.
//   - A command that is interrupted at any step leaves complete keys that open. Running it again completes it;
//     [Keys.Leftovers] explains the intermediate state.
//   - No secret appears in an error or in printed values.
//
// It does not promise:
//   - That an erased secret cannot be recovered. Retire, DropFieldKey, Encrypt and ReEncrypt overwrite a file
//     before they remove it. A copy-on-write file system, flash storage, a snapshot or a backup may keep the old
//     bytes, and so may free blocks after a power failure. Where that matters, make the secret worthless: distrust
//     the key, or re-encrypt all fields with a newer field key.
//   - That a plain file was not altered.
//   - That the directory is complete and current. An attacker who can write it can delete a file, restore an older
//     one, or replace the keys by plain ones: monitor [Keys.Plain].
//   - That memory is wiped: the keys stay in memory as long as the process runs.
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

// Keys are the keys of a directory. The signers are interfaces: a program can replace them by those of a
// hardware module.
type Keys struct {
	Authority signing.Signer // signs the control stream; gateways pin its public half
	Issuers   []Issuer       // sign passes; oldest first, at least one
	// Issuer and IssuerID are those of Issuers[0]: a new key is not used until the gateways have it and the
	// old one is retired.
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
	// Created is the time of creation, in whole seconds; zero for keys of versions that did not store it.
	Created time.Time
}

// Plain lists the key files that are not encrypted. The keys are valid, and everyone who reads the disk has them:
// a start should warn about each.
func (k *Keys) Plain() []string { return k.plain }

// Leftovers explains, in one sentence each, what an interrupted command or an older release left in the
// directory, and what to do. The keys are complete in any case.
func (k *Keys) Leftovers() []string { return k.leftovers }

// Options configure access to a directory. The zero value is for plain directories.
type Options struct {
	// Passphrase decrypts an encrypted directory; Init makes an encrypted one with it. A plain directory
	// opens with or without a passphrase.
	Passphrase Passphrase
	// Trust is the group that may read the files and write the folders above them, for Open. Commands that
	// change a directory trust only root and their own user.
	Trust ownfile.Trust
	// Now is the clock for the creation time of new keys; nil: time.Now.
	Now func() time.Time
}

func (o Options) now() time.Time {
	if o.Now == nil {
		o.Now = time.Now
	}
	return o.Now().UTC().Truncate(time.Second)
}

// New makes keys from the system's random source, without files. It is for tests and for the demo, whose issuer
// does not outlive its process.
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

// Init is [Options.Init] for a plain directory.
func Init(dir string) (*Keys, error) { return Options{}.Init(dir) }

// Init makes the keys of a new issuer in dir, which it creates if necessary, and returns them as Open does. With
// a passphrase, no key is ever written unencrypted. It refuses a directory that already contains a key.
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
	defer d.unlock()
	for _, name := range d.names {
		if isKeystoreFile(name) {
			return fmt.Errorf("keystore: %s already contains keys (%s); they are never overwritten", dir, name)
		}
	}
	if o.Passphrase != "" {
		d.keySet = &keySet{}
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

// Open is [Options.Open] for a plain directory.
func Open(dir string) (*Keys, error) { return Options{}.Open(dir) }

// Open reads the keys of dir. It returns ErrPassphrase for a wrong passphrase, and ErrNoPassphrase if one is required
// and missing.
func (o Options) Open(dir string) (*Keys, error) {
	d, err := o.openDirectory(dir, false)
	if err != nil {
		return nil, err
	}
	defer d.unlock()
	return d.openKeys()
}

// openKeys reads every key file of the directory.
func (d *directory) openKeys() (*Keys, error) {
	k := &Keys{}
	names := []string{vaultKind.file, authorityKind.file} // required
	for _, name := range d.keys() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		v, how, err := d.readKey(name)
		if err != nil {
			return nil, err
		}
		if how == plain {
			k.plain = append(k.plain, name)
		}
		if err := k.addKey(d, kindOf(name), v); err != nil {
			return nil, fmt.Errorf("keystore: %s: %w", d.file(name), err)
		}
	}
	if len(k.Issuers) == 0 {
		return nil, fmt.Errorf("keystore: %s contains no issuer-ID.key: restore one from the backup, or, if Init was interrupted here, remove the remaining files and run it again", d.path)
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

// addKey adds the key of a file.
func (k *Keys) addKey(d *directory, of *kind, v key) error {
	switch of {
	case authorityKind:
		k.Authority = signing.NewKey(v.secret)
	case vaultKind:
		k.Vault = v.secret
	case issuerKind:
		id := tokens.KeyID(v.number)
		if d.has(retiredFile(id)) {
			return errors.New("is the key of a retired id, probably from a backup; retire it again")
		}
		k.Issuers = append(k.Issuers, Issuer{id, signing.NewKey(v.secret), v.created})
	case fieldKind:
		f := vault.FieldKey{Number: v.number, Secret: v.secret}
		if k.hasFieldKey(f.ID()) {
			return errors.New("is a duplicate of another key; restore it from the backup")
		}
		k.FieldKeys = append(k.FieldKeys, f)
	}
	return nil
}

func (k *Keys) hasFieldKey(id vault.FieldKeyID) bool {
	return k.Vault.FieldKeyID() == id ||
		slices.ContainsFunc(k.FieldKeys, func(f vault.FieldKey) bool { return f.ID() == id })
}

// leftovers explains the files of interrupted commands.
func (d *directory) leftovers(plain []string) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range d.names {
		if isUnfinished(name) {
			add("%s is incomplete and was never a key; the next command that changes the directory removes it", name)
		}
	}
	for _, n := range d.numbers(issuerKind, retired) {
		if id := tokens.KeyID(n); !d.isRetired(id) {
			add("%s may still contain its secret: a retirement was interrupted; retire key %d again", retiredFile(id), id)
		}
	}
	for _, n := range d.numbers(fieldKind, dropped) {
		add("%s may still contain its secret: the destruction of a field key was interrupted; drop the key again", fieldKind.name(n, dropped))
	}
	if d.keySet == nil {
		return out
	}
	if len(plain) > 0 {
		add("%s: not encrypted, in an encrypted directory: an encryption was interrupted; encrypt the directory again", strings.Join(plain, ", "))
	}
	if len(d.keySet.keys) > 1 || len(d.keySet.legacy) > 1 {
		add("the old passphrase's key is still in use: a re-encryption was interrupted; encrypt the directory again with the new passphrase")
	}
	if len(d.keySet.legacy) > 0 {
		add("the directory was encrypted by an older release; encrypt it again with the same passphrase to convert it to the current format")
	}
	return out
}
