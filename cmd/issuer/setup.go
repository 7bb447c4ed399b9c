package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/web"
)

var setupCommands = []command{
	{name: "init", doc: "create the keys of a new issuer in the directory `DIR`; encrypted if keys_passphrase_file is set", bare: true, run: initKeys},
	{name: "new-staff", doc: "create a staff credential called `NAME` and print it", with: []string{"roles"}, bare: true, run: newStaff},
	{name: "new-provider-secret", doc: "create a secret to share with one provider in the new file `FILE`", bare: true, run: newProviderSecret},
	{name: "export-handheld", doc: "write the handheld's page to the folder `DIR`, for the proxy of a station", bare: true, run: exportHandheld},
	{name: "probe", doc: "request `URL` and exit 0 if it answers 200", bare: true, run: func(_ context.Context, inv *invocation) error { return process.Probe(inv.value) }},
	{name: "encrypt-keys", doc: "encrypt the key directory with the passphrase in keys_passphrase_file", run: encryptKeys},
	{name: "re-encrypt-keys", doc: "encrypt the key directory with the passphrase in `FILE` instead", run: reEncryptKeys},
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
		inv.printf("the keys are encrypted: store the passphrase apart from them; without it they are lost")
	}
	inv.printf("keys are in %s: back them up; only the issuer may read them\n\nadd to every gateway's settings:\n[kafka]\nauthority = %q",
		inv.value, hex.EncodeToString(public[:]))
	return nil
}

// newStaff prints a credential once; only its hash is stored.
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
	inv.printf("credential for %s, shown only now:\n  %s\n\nadd to the issuer's settings:\n[[staff]]\nname = %q\nsha256 = %q\nroles = [%s]",
		c.Name, secret, c.Name, c.SHA256, `"`+strings.ReplaceAll(inv.option["roles"], ",", `", "`)+`"`)
	return nil
}

// newProviderSecret names the secret by the day and random digits: during a change of
// secrets two are valid, and their names must differ.
func newProviderSecret(_ context.Context, inv *invocation) error {
	var random [2]byte
	rand.Read(random[:])
	s := provider.NewSecret(time.Now().UTC().Format(time.DateOnly) + "-" + hex.EncodeToString(random[:]))
	if err := provider.WriteSecret(inv.value, s); err != nil {
		return err
	}
	inv.printf("%s contains %v. Give it to one provider over a confidential channel, and name the file in\nface_check.http.service.secret_files, residents.http.service.secret_files or\nphone_code.http.service.secret_files.\nTo replace a secret: both sides add the new one as second, then make it first, then remove the old one.", inv.value, s)
	return nil
}

// exportHandheld writes the page that a station's proxy serves beside the gateway. It belongs to this program because
// the gateway has no code of pages.
func exportHandheld(_ context.Context, inv *invocation) error {
	release, err := web.Handheld().Export(inv.value, time.Now())
	if err != nil {
		return err
	}
	inv.printf("%s has the handheld's page, release %s: let the proxy of a station serve %s beside the gateway,\nas deploy/proxy shows. Handhelds change to it at their next start with a network.",
		inv.value, release, filepath.Join(inv.value, "current"))
	return nil
}

func encryptKeys(_ context.Context, inv *invocation) error {
	p, err := inv.config.passphrase()
	if err != nil {
		return err
	}
	if p == "" {
		return errors.New("set keys_passphrase_file to a file of one line of at least 16 bytes that only the issuer can read")
	}
	if err := keystore.Encrypt(inv.config.Keys, p); err != nil {
		return err
	}
	inv.printf("%s is encrypted. Older backups of it contain the keys in clear: destroy them, or create new keys.", inv.config.Keys)
	return nil
}

func reEncryptKeys(_ context.Context, inv *invocation) error {
	old, err := inv.config.passphrase()
	if err != nil {
		return err
	}
	if old == "" {
		return errors.New("keys_passphrase_file must name the file of the present passphrase; encrypt a plain directory with -encrypt-keys")
	}
	next, err := keystore.ReadPassphrase(inv.value, inv.config.trust())
	if err != nil {
		return err
	}
	if err := keystore.ReEncrypt(inv.config.Keys, old, next); err != nil {
		return err
	}
	inv.printf("%s opens with the passphrase in %s now: set keys_passphrase_file to it before an issuer starts again.\nOlder backups of the directory open with the old passphrase.", inv.config.Keys, inv.value)
	return nil
}
