package keystore

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// FirstTestKey is the first id reserved for keys of tests and load tests: no
// issuer made by Init has it or a higher one.
const FirstTestKey tokens.KeyID = 32768

const (
	authorityFile = "authority.key"
	vaultFile     = "vault.key"
	issuerPattern = "issuer-*.key"
)

func issuerFile(id tokens.KeyID) string { return fmt.Sprintf("issuer-%d.key", id) }

// Keys is what a directory holds.
type Keys struct {
	Authority signing.Key // signs the control stream; gateways pin its public half
	Issuer    signing.Key // signs passes
	IssuerID  tokens.KeyID
	Vault     vault.Master
}

// New makes keys from the system's random source, on no disk. It serves tests
// and the demo, whose issuer need not survive its process.
func New() *Keys {
	return &Keys{
		Authority: signing.NewKey(signing.GenerateSeed()),
		Issuer:    signing.NewKey(signing.GenerateSeed()),
		IssuerID:  newKeyID(),
		Vault:     vault.NewMaster(),
	}
}

// newKeyID is random because ids are bound to keys for ever: two issuers set up
// by people who never spoke should not meet on one.
func newKeyID() tokens.KeyID {
	for {
		var b [2]byte
		rand.Read(b[:])
		if id := tokens.KeyID(binary.BigEndian.Uint16(b[:])) % FirstTestKey; id != 0 {
			return id
		}
	}
}

// Init makes the keys of a new issuer in dir, which it creates if need be, and
// returns them as Open does. It refuses a directory that already holds a key.
func Init(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*.key")); err != nil || len(found) > 0 {
		return nil, fmt.Errorf("keystore: %s already holds keys; they are never overwritten", dir)
	}
	authority, issuer, master, id := signing.GenerateSeed(), signing.GenerateSeed(), vault.NewMaster(), newKeyID()
	for _, f := range []struct {
		name, head string
		fields     []field
	}{
		{vaultFile, headVault, []field{{"master", hex.EncodeToString(master[:])}}},
		{authorityFile, headAuthority, []field{{"seed", hex.EncodeToString(authority[:])}}},
		{issuerFile(id), headIssuer, []field{{"id", strconv.Itoa(int(id))}, {"seed", hex.EncodeToString(issuer[:])}}},
	} {
		if err := writeFile(filepath.Join(dir, f.name), f.head, f.fields...); err != nil {
			return nil, err
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	return Open(dir)
}

// Open reads the keys of dir.
func Open(dir string) (*Keys, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	authority, err := readSecret(filepath.Join(dir, authorityFile), headAuthority, "seed")
	if err != nil {
		return nil, err
	}
	master, err := readSecret(filepath.Join(dir, vaultFile), headVault, "master")
	if err != nil {
		return nil, err
	}
	id, seed, err := readIssuer(dir)
	if err != nil {
		return nil, err
	}
	return &Keys{
		Authority: signing.NewKey(authority), Vault: master,
		Issuer: signing.NewKey(seed), IssuerID: id,
	}, nil
}

func readSecret(path, head, name string) (out [32]byte, err error) {
	values, err := readFile(path, head, name)
	if err != nil {
		return out, err
	}
	return secret(path, name, values[0])
}

func readIssuer(dir string) (id tokens.KeyID, seed [signing.SeedSize]byte, err error) {
	found, err := filepath.Glob(filepath.Join(dir, issuerPattern))
	if err != nil || len(found) != 1 {
		return 0, seed, fmt.Errorf("keystore: %s must hold exactly one %s, found %d", dir, issuerPattern, len(found))
	}
	path := found[0]
	values, err := readFile(path, headIssuer, "id", "seed")
	if err != nil {
		return 0, seed, err
	}
	n, err := strconv.ParseUint(values[0], 10, 16)
	id = tokens.KeyID(n)
	if err != nil || id == 0 || id >= FirstTestKey || filepath.Base(path) != issuerFile(id) {
		return 0, seed, fmt.Errorf("keystore: the id in %s must be 1 to %d and that of the file name", path, FirstTestKey-1)
	}
	seed, err = secret(path, "seed", values[1])
	return id, seed, err
}
