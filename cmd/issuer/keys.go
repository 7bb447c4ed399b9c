package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

var keyCommands = []command{
	{name: "list-keys", doc: "print the state of each issuer key and the next step", run: listKeys},
	{name: "new-key", doc: "create an issuer key and announce it to gateways", by: true, run: newKey},
	{name: "announce-key", doc: "announce key `ID` of the key directory to gateways", by: true, run: announceKey},
	{name: "activate-key", doc: "sign with key `ID`", with: []string{"from"}, by: true, run: activateKey},
	{name: "deactivate-key", doc: "stop signing with key `ID`; passes that it signed stay valid", by: true, run: deactivateKey},
	{name: "retire-key", doc: "end the announcement of the inactive key `ID` and destroy its secret in the key directory", by: true, run: retireKey},
	{name: "new-field-key", doc: "create a field key, which encrypts personal data after the next start", by: true, run: newFieldKey},
	{name: "drop-field-key", doc: "destroy field key `N`, which no data needs any more", by: true, run: dropFieldKey},
}

func newKey(ctx context.Context, inv *invocation) error {
	lines, err := inv.keyLines(ctx)
	if err != nil {
		return err
	}
	taken := make(map[tokens.KeyID]bool)
	for _, l := range lines {
		taken[l.ID] = true
	}
	o, err := inv.config.keyOptions()
	if err != nil {
		return err
	}
	made, err := o.Generate(inv.config.Keys, taken)
	if err != nil {
		return err
	}
	inv.printf("key %d is made, in %s", made.ID, inv.config.Keys)
	if err = inv.note(ctx, staff.GenerateKey, audit.Key(made.ID), ""); err == nil {
		err = inv.announce(ctx, keyring.Key{ID: made.ID, Signer: made.Signer})
	}
	if err != nil {
		return fmt.Errorf("%w\nkey %d stays in the directory: continue with -announce-key %d", err, made.ID, made.ID)
	}
	return nil
}

func announceKey(ctx context.Context, inv *invocation) error {
	id, err := inv.keyID()
	if err != nil {
		return err
	}
	if err := inv.openKeys(); err != nil {
		return err
	}
	for _, k := range signers(inv.keys) {
		if k.ID == id {
			return inv.announce(ctx, k)
		}
	}
	return fmt.Errorf("%s has no key %d; -list-keys prints its keys", inv.config.Keys, id)
}

// announce commits the announcement and waits until it is in the stream.
func (inv *invocation) announce(ctx context.Context, k keyring.Key) error {
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		changed, err := store.Announce(ctx, k.Public(), inv.newEntry())
		if err == nil {
			inv.printf("committed: key %d is announced to gateways%s", k.ID, unchanged(!changed))
		}
		return err
	})
	if err != nil {
		return err
	}
	inv.printf("key %d signs %v after an issuer has seen it in the stream. Next: copy its file to every issuer of this\ndatabase and restart them. -list-keys prints its state.", k.ID, inv.config.KeyLead)
	return nil
}

func activateKey(ctx context.Context, inv *invocation) error {
	from, err := inv.timeOption("from", time.Now())
	if err != nil {
		return err
	}
	return inv.changeKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		at, changed, err := store.UseFrom(ctx, id, from, inv.newEntry())
		if err != nil {
			return err
		}
		lines, err := store.List(ctx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.ID == id && l.Published.IsZero() {
				inv.printf("key %d signs from %s%s, but only %v after an issuer has seen its announcement in the stream.\nIf no other key signs, run this command again once -list-keys shows the key in the stream: it then signs at once",
					id, at.Format(time.RFC3339), unchanged(!changed), inv.config.KeyLead)
				return nil
			}
		}
		inv.printf("key %d signs from %s%s, at every issuer that has its file", id, at.Format(time.RFC3339), unchanged(!changed))
		return nil
	})
}

func deactivateKey(ctx context.Context, inv *invocation) error {
	return inv.changeKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		changed, err := store.Deactivate(ctx, id, inv.newEntry())
		if err == nil {
			inv.printf("key %d signs no more%s; retire it when its last session is over, in about half an hour (see -list-keys)", id, unchanged(!changed))
		}
		return err
	})
}

// retireKey retires the key in the database first, which refuses a key that may still
// be needed, and destroys the secret after that.
func retireKey(ctx context.Context, inv *invocation) error {
	return inv.changeKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		changed, err := store.Retire(ctx, id, inv.newEntry())
		if err != nil {
			return err
		}
		inv.printf("key %d is no longer announced%s", id, unchanged(!changed))
		if err := keystore.Retire(inv.config.Keys, id); err != nil {
			return fmt.Errorf("its secret is not destroyed here: %w", err)
		}
		inv.printf("its secret in %s is destroyed; destroy it in copies of the directory as well", inv.config.Keys)
		return nil
	})
}

// changeKey changes a key in the database; there is nothing to publish.
func (inv *invocation) changeKey(ctx context.Context, change func(*keyring.Store, tokens.KeyID) error) error {
	id, err := inv.keyID()
	if err != nil {
		return err
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = change(store, id)
	if errors.Is(err, keyring.ErrUnknown) {
		return fmt.Errorf("%w; run -announce-key %d first", err, id)
	}
	return err
}

// listKeys prints the keys of the database, and those of the directory that are not in
// the database.
func listKeys(ctx context.Context, inv *invocation) error {
	lines, err := inv.keyLines(ctx)
	if err != nil {
		return err
	}
	here := make(map[tokens.KeyID]bool)
	for _, k := range inv.keys.Issuers {
		here[k.ID] = true
	}
	known := make(map[tokens.KeyID]bool)
	for _, l := range lines {
		known[l.ID] = true
	}
	for _, k := range signers(inv.keys) {
		if !known[k.ID] {
			lines = append(lines, keyring.Line{Public: k.Public(), State: keyring.Generated})
		}
	}
	w := tabwriter.NewWriter(inv.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tFILE HERE\tANNOUNCED\tIN STREAM\tSIGNS FROM\tINACTIVE\tDISTRUSTED\tRETIRED\tSESSIONS\tRETIRE FROM")
	for _, l := range lines {
		cells := []string{fmt.Sprint(l.ID), string(l.State), yesNo(here[l.ID]), formatTime(l.Ordered), formatTime(l.Published), formatTime(l.UseFrom),
			formatTime(l.Deactivated), formatTime(l.Cutoff), formatTime(l.Retired), fmt.Sprint(l.Running), formatTime(l.RetireFrom)}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		if hint := nextStep(l, time.Now()); hint != "" {
			inv.printf("%s", hint)
		}
	}
	return nil
}

// nextStep is the operator's next step with a key; empty if there is none.
func nextStep(l keyring.Line, now time.Time) string {
	switch {
	case l.State == keyring.Generated:
		return fmt.Sprintf("key %d is not announced: run -announce-key %d", l.ID, l.ID)
	case l.State == keyring.Overlap:
		return fmt.Sprintf("key %d has a successor that signs: run -deactivate-key %d once every issuer has the successor's file", l.ID, l.ID)
	case !l.RetireFrom.IsZero() && !l.RetireFrom.After(now):
		return fmt.Sprintf("every session under key %d is over: run -retire-key %d", l.ID, l.ID)
	}
	return ""
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
