package keystore

import (
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

// Leftovers says, in a sentence each, what a command that was cut off left in the
// directory and what to do. The keys are whole all the same.
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
	k := &Keys{
		Authority: signing.NewKey(signing.GenerateSeed()),
		Issuers:   []Issuer{{drawID(nil), signing.NewKey(signing.GenerateSeed()), Options{}.now()}},
		Vault:     vault.NewMaster(),
	}
	k.Issuer, k.IssuerID = k.Issuers[0].Signer, k.Issuers[0].ID
	return k
}
