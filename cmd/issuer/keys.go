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
	{name: "list-keys", doc: "print how far each issuer key has come and exit", run: listKeys},
	{name: "new-key", doc: "make an issuer key, announce it to gateways and exit", by: true, run: newKey},
	{name: "announce-key", doc: "announce the key `ID` of the directory to gateways and exit", by: true, run: announceKey},
	{name: "activate-key", doc: "have the key `ID` sign and exit", with: []string{"from"}, by: true, run: useKey},
	{name: "deactivate-key", doc: "have the key `ID` sign nothing more and exit; what it signed stays good", by: true, run: restKey},
	{name: "retire-key", doc: "end the announcing of the key `ID`, which rests, destroy its secret in the directory and exit", by: true, run: retireKey},
	{name: "new-field-key", doc: "add a key that seals personal data and exit", by: true, run: newFieldKey},
	{name: "drop-field-key", doc: "destroy field key `N`, under which nothing lies any more, and exit", by: true, run: dropFieldKey},
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
		return fmt.Errorf("%w\nkey %d stays in the directory: go on with -announce-key %d", err, made.ID, made.ID)
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
	return fmt.Errorf("%s holds no key %d; -list-keys shows those it holds", inv.config.Keys, id)
}

// announce orders the announcement and waits until it is in the stream.
func (inv *invocation) announce(ctx context.Context, k keyring.Key) error {
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = inv.commitAndPublish(ctx, func(ctx context.Context) error {
		changed, err := store.Announce(ctx, k.Public(), inv.by())
		if err == nil {
			inv.printf("committed: key %d is announced to gateways%s", k.ID, already(!changed))
		}
		return err
	})
	if err != nil {
		return err
	}
	inv.printf("key %d signs %v after an issuer has seen that it is published. Next: bring its file to every issuer\nof this database, and start them again. -list-keys shows how far it is.", k.ID, inv.config.KeyLead)
	return nil
}

func useKey(ctx context.Context, inv *invocation) error {
	from, err := inv.moment("from", time.Now())
	if err != nil {
		return err
	}
	return inv.orderKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		at, changed, err := store.UseFrom(ctx, id, from, inv.by())
		if err != nil {
			return err
		}
		lines, err := store.List(ctx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.ID == id && l.Published.IsZero() {
				inv.printf("key %d signs from %s%s, but not before an issuer has seen its announcement in the stream and %v have passed;\nif no other key signs, order it again when -list-keys shows that it is in the stream: then it need not wait",
					id, at.Format(time.RFC3339), already(!changed), inv.config.KeyLead)
				return nil
			}
		}
		inv.printf("key %d signs from %s%s, where an issuer holds it", id, at.Format(time.RFC3339), already(!changed))
		return nil
	})
}

func restKey(ctx context.Context, inv *invocation) error {
	return inv.orderKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		changed, err := store.Deactivate(ctx, id, inv.by())
		if err == nil {
			inv.printf("key %d signs nothing more%s; it can be retired when its last session is over, in about half an hour (see -list-keys)", id, already(!changed))
		}
		return err
	})
}

// retireKey asks the key store first: a secret that may be needed is not destroyed.
func retireKey(ctx context.Context, inv *invocation) error {
	return inv.orderKey(ctx, func(store *keyring.Store, id tokens.KeyID) error {
		changed, err := store.Retire(ctx, id, inv.by())
		if err != nil {
			return err
		}
		inv.printf("key %d is announced no more%s", id, already(!changed))
		if err := keystore.Retire(inv.config.Keys, id); err != nil {
			return fmt.Errorf("its secret is not destroyed here: %w", err)
		}
		inv.printf("its secret in %s is destroyed; destroy copies of the directory that hold it, too", inv.config.Keys)
		return nil
	})
}

// orderKey carries out what concerns the database only.
func (inv *invocation) orderKey(ctx context.Context, order func(*keyring.Store, tokens.KeyID) error) error {
	id, err := inv.keyID()
	if err != nil {
		return err
	}
	store, err := inv.keyStore(ctx)
	if err != nil {
		return err
	}
	err = order(store, id)
	if errors.Is(err, keyring.ErrUnknown) {
		return fmt.Errorf("%w; -announce-key %d comes first", err, id)
	}
	return err
}

// listKeys prints the keys of the database, and those of the directory that the
// database has never heard of.
func listKeys(ctx context.Context, inv *invocation) error {
	lines, err := inv.keyLines(ctx)
	if err != nil {
		return err
	}
	held := make(map[tokens.KeyID]bool)
	for _, k := range inv.keys.Issuers {
		held[k.ID] = true
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
	fmt.Fprintln(w, "ID\tSTATE\tHELD HERE\tANNOUNCED\tIN STREAM\tSIGNS FROM\tRESTS\tCUT OFF\tRETIRED\tSESSIONS\tLAST ONE OVER")
	for _, l := range lines {
		cells := []string{fmt.Sprint(l.ID), string(l.State), yes(held[l.ID]), stamp(l.Ordered), stamp(l.Published), stamp(l.UseFrom),
			stamp(l.Deactivated), stamp(l.Cutoff), stamp(l.Retired), fmt.Sprint(l.Running), stamp(l.RetireFrom)}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		if hint := next(l, time.Now()); hint != "" {
			inv.printf("%s", hint)
		}
	}
	return nil
}

// next is what an operator would do with a key, if anything.
func next(l keyring.Line, now time.Time) string {
	switch {
	case l.State == keyring.Generated:
		return fmt.Sprintf("key %d is known to nobody yet: -announce-key %d", l.ID, l.ID)
	case l.State == keyring.Overlap:
		return fmt.Sprintf("key %d has a successor that signs: -deactivate-key %d when every issuer holds that", l.ID, l.ID)
	case !l.RetireFrom.IsZero() && !l.RetireFrom.After(now):
		return fmt.Sprintf("every session under key %d is over: -retire-key %d", l.ID, l.ID)
	}
	return ""
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
