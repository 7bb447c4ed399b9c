package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// invocation is one run of a command: its flags and the resources it has opened.
type invocation struct {
	command command
	value   string            // value of the command's own flag
	option  map[string]string // options on the command line, by name
	config  *config
	out     io.Writer

	keys  *keystore.Keys
	vault *vault.Vault // of the keys
	db    *outbox.Outbox
	log   *audit.Log // in db

	bookings *outbox.Outbox // in db; nil: bookings are not enabled
}

// do runs the command, then closes the database.
func (inv *invocation) do(ctx context.Context) error {
	defer func() {
		if inv.db != nil {
			inv.db.Close()
		}
	}()
	return inv.command.run(ctx, inv)
}

// printf prints to the operator and ends the line.
func (inv *invocation) printf(format string, args ...any) { fmt.Fprintf(inv.out, format+"\n", args...) }

// openKeys opens the key directory of the settings.
func (inv *invocation) openKeys() (err error) {
	if inv.keys != nil {
		return nil
	}
	if inv.keys, err = inv.config.openKeys(); err != nil {
		return err
	}
	inv.vault = vault.New(inv.keys.Vault, inv.keys.FieldKeys...)
	return nil
}

// openDatabase opens the database of the settings, and the keys, which audit entries
// need.
func (inv *invocation) openDatabase(ctx context.Context) (err error) {
	if inv.db != nil {
		return nil
	}
	if err := inv.openKeys(); err != nil {
		return err
	}
	if inv.db, err = openOutbox(ctx, inv.config, inv.command.moves); err != nil {
		return err
	}
	if inv.bookings, err = openBookings(ctx, inv.config, inv.db, inv.vault, inv.command.moves); err != nil {
		return err
	}
	if inv.log, err = audit.New(audit.Config{DB: inv.db.Database(), Key: inv.vault.AuditKey()}); err != nil {
		return err
	}
	return nil
}

func (inv *invocation) keyStore(ctx context.Context) (*keyring.Store, error) {
	if err := inv.openDatabase(ctx); err != nil {
		return nil, err
	}
	return keyring.NewStore(keyring.Config{Outbox: inv.db, Sessions: credential.Sessions{}, AuditLog: inv.log, Lead: inv.config.KeyLead})
}

// keyLines lists the issuer keys that the database knows.
func (inv *invocation) keyLines(ctx context.Context) ([]keyring.Line, error) {
	store, err := inv.keyStore(ctx)
	if err != nil {
		return nil, err
	}
	return store.List(ctx)
}

// newEntry returns an audit entry of this command, without its action.
func (inv *invocation) newEntry() audit.Entry {
	return audit.Entry{AtMs: time.Now().UnixMilli(), Who: inv.option["by"], Role: staff.Operator}
}

// entry returns the audit entry of this command.
func (inv *invocation) entry(action staff.Action, object audit.Object, detail string) audit.Entry {
	e := inv.newEntry()
	e.Action, e.Object, e.Detail = action, object, detail
	return e
}

// theDatabase is the audit object of commands on the whole database.
var theDatabase = audit.Object{Kind: audit.Database, ID: "issuer"}

// fieldKey is the audit object of a field key.
func fieldKey(n int) audit.Object {
	return audit.Object{Kind: audit.SigningKey, ID: "field-" + strconv.Itoa(n)}
}

// note writes an audit entry in a transaction of its own.
func (inv *invocation) note(ctx context.Context, action staff.Action, object audit.Object, detail string) error {
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	return inv.log.Note(ctx, inv.entry(action, object, detail))
}

// timeOption parses an option that is a time.
func (inv *invocation) timeOption(option string, otherwise time.Time) (time.Time, error) {
	text, given := inv.option[option]
	if !given {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("-%s must be a time such as 2026-02-10T08:00:00+08:00", option)
	}
	return t, nil
}

// formatTime formats a time for the operator; "-" for the zero time.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// readLines calls parse for each line of a file of at most limit lines. An error of
// parse is returned with the line's number.
func readLines(path string, limit int, parse func(line string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f) // fails for lines of 64 KiB and more
	for n := 1; lines.Scan(); n++ {
		if n > limit {
			return fmt.Errorf("%s has more than %d lines: split it", path, limit)
		}
		if err := parse(lines.Text()); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	return lines.Err()
}

// keyID parses the command's value as a key id.
func (inv *invocation) keyID() (tokens.KeyID, error) {
	id, err := strconv.ParseUint(inv.value, 10, 16)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("-%s must be a key id, 1 to 65535", inv.command.name)
	}
	return tokens.KeyID(id), nil
}

// progressEvery is the pause between two lines of progress.
const progressEvery = 5 * time.Second

// progress prints the progress of a long command.
type progress struct {
	inv  *invocation
	last time.Time // when it last printed
}

func (inv *invocation) progress() *progress { return &progress{inv, time.Now()} }

func (p *progress) show(format string, args ...any) {
	if time.Since(p.last) >= progressEvery {
		p.last = time.Now()
		p.inv.printf(format, args...)
	}
}

// openOutbox opens the database of the settings. With move, a database that belongs to
// another topic or number of partitions is accepted.
func openOutbox(ctx context.Context, c *config, move bool) (*outbox.Outbox, error) {
	db, err := issuance.OpenOutbox(ctx, outbox.Config{Database: c.Database, Partitions: c.Kafka.Partitions, Topic: c.Kafka.Topic, Move: move})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// passphrase reads the passphrase of the settings; empty if there is none.
func (c *config) passphrase() (keystore.Passphrase, error) {
	if c.PassphraseFile == "" {
		return "", nil
	}
	p, err := keystore.ReadPassphrase(c.PassphraseFile, c.trust())
	if err != nil {
		return "", fmt.Errorf("keys_passphrase_file: %w", err)
	}
	return p, nil
}

// keyOptions returns the options that open the key directory, encrypted or not.
func (c *config) keyOptions() (o keystore.Options, err error) {
	o.Trust = c.trust()
	o.Passphrase, err = c.passphrase()
	return o, err
}

// openKeys opens the key directory. Its errors name the setting to change.
func (c *config) openKeys() (*keystore.Keys, error) {
	o, err := c.keyOptions()
	if err != nil {
		return nil, err
	}
	k, err := o.Open(c.Keys)
	switch {
	case errors.Is(err, keystore.ErrNoPassphrase):
		return nil, fmt.Errorf("keys: %w; set keys_passphrase_file", err)
	case errors.Is(err, keystore.ErrPassphrase):
		return nil, fmt.Errorf("keys_passphrase_file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}
