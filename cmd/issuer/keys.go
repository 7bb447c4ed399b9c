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

var commandsOfKeys = []command{
	{name: "list-keys", doc: "print how far each issuer key has come and exit", run: listKeys},
	{name: "new-key", doc: "make an issuer key, announce it to gateways and exit", by: true, run: newKey},
	{name: "announce-key", doc: "announce the key `ID` of the directory to gateways and exit", by: true, run: announceKey},
	{name: "use-key", doc: "have the key `ID` sign and exit", with: []string{"from"}, by: true, run: useKey},
	{name: "rest-key", doc: "have the key `ID` sign nothing more and exit; what it signed stays good", by: true, run: restKey},
	{name: "retire-key", doc: "end the announcing of the key `ID`, which rests, destroy its secret in the directory and exit", by: true, run: retireKey},
	{name: "new-field-key", doc: "add a key that seals personal data and exit", by: true, run: newFieldKey},
	{name: "drop-field-key", doc: "destroy field key `N`, under which nothing lies any more, and exit", by: true, run: dropFieldKey},
}

func newKey(ctx context.Context, j *job) error {
	lines, err := j.keyLines(ctx)
	if err != nil {
		return err
	}
	taken := make(map[tokens.KeyID]bool)
	for _, l := range lines {
		taken[l.ID] = true
	}
	o, err := j.config.keyOptions()
	if err != nil {
		return err
	}
	made, err := o.Generate(j.config.Keys, taken)
	if err != nil {
		return err
	}
	j.say("key %d is made, in %s", made.ID, j.config.Keys)
	if err = j.note(ctx, staff.GenerateKey, audit.Key(made.ID), ""); err == nil {
		err = j.announce(ctx, keyring.Key{ID: made.ID, Signer: made.Signer})
	}
	if err != nil {
		return fmt.Errorf("%w\nkey %d stays in the directory: go on with -announce-key %d", err, made.ID, made.ID)
	}
	return nil
}

func announceKey(ctx context.Context, j *job) error {
	id, err := j.keyID()
	if err != nil {
		return err
	}
	if err := j.openKeys(); err != nil {
		return err
	}
	for _, k := range signers(j.keys) {
		if k.ID == id {
			return j.announce(ctx, k)
		}
	}
	return fmt.Errorf("%s holds no key %d; -list-keys shows those it holds", j.config.Keys, id)
}

// announce orders the announcement and waits until it is in the stream.
func (j *job) announce(ctx context.Context, k keyring.Key) error {
	book, err := j.book(ctx)
	if err != nil {
		return err
	}
	err = j.carryOut(ctx, func(ctx context.Context) error {
		changed, err := book.Announce(ctx, k.Public(), j.by())
		if err == nil {
			j.say("committed: key %d is announced to gateways%s", k.ID, already(!changed))
		}
		return err
	})
	if err != nil {
		return err
	}
	j.say("key %d signs %v after an issuer has seen that it is published. Next: bring its file to every issuer\nof this database, and start them again. -list-keys shows how far it is.", k.ID, j.config.KeyLead)
	return nil
}

func useKey(ctx context.Context, j *job) error {
	from, err := j.moment("from", time.Now())
	if err != nil {
		return err
	}
	return j.orderKey(ctx, func(book *keyring.Store, id tokens.KeyID) error {
		at, changed, err := book.UseFrom(ctx, id, from, j.by())
		if err != nil {
			return err
		}
		lines, err := book.List(ctx)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.ID == id && l.Published.IsZero() {
				j.say("key %d signs from %s%s, but not before an issuer has seen its announcement in the stream and %v have passed;\nif no other key signs, order it again when -list-keys shows that it is in the stream: then it need not wait",
					id, at.Format(time.RFC3339), already(!changed), j.config.KeyLead)
				return nil
			}
		}
		j.say("key %d signs from %s%s, where an issuer holds it", id, at.Format(time.RFC3339), already(!changed))
		return nil
	})
}

func restKey(ctx context.Context, j *job) error {
	return j.orderKey(ctx, func(book *keyring.Store, id tokens.KeyID) error {
		changed, err := book.Deactivate(ctx, id, j.by())
		if err == nil {
			j.say("key %d signs nothing more%s; it can be retired when its last session is over, in about half an hour (see -list-keys)", id, already(!changed))
		}
		return err
	})
}

// retireKey asks the book first: a secret that may be needed is not destroyed.
func retireKey(ctx context.Context, j *job) error {
	return j.orderKey(ctx, func(book *keyring.Store, id tokens.KeyID) error {
		changed, err := book.Retire(ctx, id, j.by())
		if err != nil {
			return err
		}
		j.say("key %d is announced no more%s", id, already(!changed))
		if err := keystore.Retire(j.config.Keys, id); err != nil {
			return fmt.Errorf("its secret is not destroyed here: %w", err)
		}
		j.say("its secret in %s is destroyed; destroy copies of the directory that hold it, too", j.config.Keys)
		return nil
	})
}

// orderKey carries out what concerns the database only.
func (j *job) orderKey(ctx context.Context, order func(*keyring.Store, tokens.KeyID) error) error {
	id, err := j.keyID()
	if err != nil {
		return err
	}
	book, err := j.book(ctx)
	if err != nil {
		return err
	}
	err = order(book, id)
	if errors.Is(err, keyring.ErrUnknown) {
		return fmt.Errorf("%w; -announce-key %d comes first", err, id)
	}
	return err
}

// listKeys prints the keys of the database, and those of the directory that the
// database has never heard of.
func listKeys(ctx context.Context, j *job) error {
	lines, err := j.keyLines(ctx)
	if err != nil {
		return err
	}
	held := make(map[tokens.KeyID]bool)
	for _, k := range j.keys.Issuers {
		held[k.ID] = true
	}
	known := make(map[tokens.KeyID]bool)
	for _, l := range lines {
		known[l.ID] = true
	}
	for _, k := range signers(j.keys) {
		if !known[k.ID] {
			lines = append(lines, keyring.Line{Public: k.Public(), State: keyring.Generated})
		}
	}
	w := tabwriter.NewWriter(j.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tHELD HERE\tANNOUNCED\tIN STREAM\tSIGNS FROM\tRESTS\tCUT OFF\tRETIRED\tSESSIONS\tLAST ONE OVER")
	for _, l := range lines {
		cells := []string{fmt.Sprint(l.ID), string(l.State), yes(held[l.ID]), stamp(l.Ordered), stamp(l.Published), stamp(l.UseFrom),
			stamp(l.Rest), stamp(l.CutOff), stamp(l.Retired), fmt.Sprint(l.Running), stamp(l.RetireFrom)}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range lines {
		if hint := next(l, time.Now()); hint != "" {
			j.say("%s", hint)
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
		return fmt.Sprintf("key %d has a successor that signs: -rest-key %d when every issuer holds that", l.ID, l.ID)
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
