package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/staff"
)

var setupCommands = []command{
	{name: "init", doc: "make the keys of a new issuer in the directory `DIR` and exit; sealed if keys_passphrase_file is given", bare: true, run: initKeys},
	{name: "new-staff", doc: "make a credential for the workplace `NAME`, print it and exit", with: []string{"roles"}, bare: true, run: newStaff},
	{name: "new-provider-secret", doc: "make a secret to share with an outside service in the new file `FILE` and exit", bare: true, run: newPartnerSecret},
	{name: "probe", doc: "ask this `URL` and exit: 0 if it answers 200", bare: true, run: func(_ context.Context, inv *invocation) error { return process.Probe(inv.value) }},
	{name: "encrypt-keys", doc: "seal the key directory under the passphrase in keys_passphrase_file and exit", run: seal},
	{name: "re-encrypt-keys", doc: "change the passphrase to the one in `FILE` and exit", run: resealKeys},
}

func initKeys(_ context.Context, inv *invocation) error {
	o, err := inv.config.keyOptions()
	if err != nil {
		return err
	}
	k, err := o.Init(inv.value)
	if err != nil {
		return err
	}
	public := k.Authority.Public()
	if o.Passphrase != "" {
		inv.printf("the keys are sealed: keep the passphrase elsewhere than them, and never lose it")
	}
	inv.printf("keys are in %s; back them up, and keep them from everyone but the issuer\n\nfor every gateway's file:\n[kafka]\nauthority = %q",
		inv.value, hex.EncodeToString(public[:]))
	return nil
}

// newStaff shows a credential once; only its hash is ever stored.
func newStaff(_ context.Context, inv *invocation) error {
	var all []staff.Role
	for text := range strings.SplitSeq(inv.option["roles"], ",") {
		role, err := staff.ParseRole(text)
		if err != nil {
			return fmt.Errorf("-roles must name at least one of window, agency, police, operator, ticketing, authority, machine")
		}
		all = append(all, role)
	}
	secret, c, err := staff.New(inv.value, all...)
	if err != nil {
		return err
	}
	inv.printf("credential for %s, shown only now:\n  %s\n\nentry for the issuer's file:\n[[staff]]\nname = %q\nsha256 = %q\nroles = [%s]",
		c.Name, secret, c.Name, c.SHA256, `"`+strings.ReplaceAll(inv.option["roles"], ",", `", "`)+`"`)
	return nil
}

// newPartnerSecret names the secret by its day and by chance, so that the two that
// are valid while one is changed differ.
func newPartnerSecret(_ context.Context, inv *invocation) error {
	var chance [2]byte
	rand.Read(chance[:])
	s := provider.NewSecret(time.Now().UTC().Format(time.DateOnly) + "-" + hex.EncodeToString(chance[:]))
	if err := provider.WriteSecret(inv.value, s); err != nil {
		return err
	}
	inv.printf("%s holds %v. Give it to the service over a confidential channel, and name the file in\nreal_person.http.service.secret_files, residents.http.service.secret_files or\nphone_code.http.service.secret_files: a secret is for one service.\nTo change one: both sides take the new one as their second, then as their first, then drop the old one.", inv.value, s)
	return nil
}

func seal(_ context.Context, inv *invocation) error {
	p, err := inv.config.passphrase()
	if err != nil {
		return err
	}
	if p == "" {
		return errors.New("set keys_passphrase_file to a file of one line, at least 16 bytes, that only the issuer can read")
	}
	if err := keystore.Encrypt(inv.config.Keys, p); err != nil {
		return err
	}
	inv.printf("%s is sealed. Backups of it that are older still hold the keys in the clear: destroy them, or make new keys.", inv.config.Keys)
	return nil
}

func resealKeys(_ context.Context, inv *invocation) error {
	old, err := inv.config.passphrase()
	if err != nil {
		return err
	}
	if old == "" {
		return errors.New("keys_passphrase_file must name the file of the present passphrase; a plain directory is sealed with -encrypt-keys")
	}
	next, err := keystore.ReadPassphrase(inv.value, inv.config.trust())
	if err != nil {
		return err
	}
	if err := keystore.ReEncrypt(inv.config.Keys, old, next); err != nil {
		return err
	}
	inv.printf("%s opens with the passphrase in %s now: let keys_passphrase_file name it before an issuer starts again.\nBackups of the directory that are older open with the old passphrase.", inv.config.Keys, inv.value)
	return nil
}
