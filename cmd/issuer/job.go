package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// job is a command as it was typed, and what it has opened so far.
type job struct {
	command command
	value   string            // of the command's own flag
	option  map[string]string // those given
	config  *config
	out     io.Writer

	opened *keystore.Keys
	db     *store.Store
	log    *audit.Trail // of an order; opened with db
}

// do runs the command and closes what it opened.
func (j *job) do(ctx context.Context) error {
	defer func() {
		if j.db != nil {
			j.db.Close()
		}
	}()
	return j.command.run(ctx, j)
}

// say prints a line, or several.
func (j *job) say(format string, args ...any) { fmt.Fprintf(j.out, format+"\n", args...) }

// keys opens the key directory of the settings.
func (j *job) keys() (_ *keystore.Keys, err error) {
	if j.opened == nil {
		j.opened, err = j.config.openKeys()
	}
	return j.opened, err
}

// store opens the database of the settings. For an order it opens the keys as well,
// without which nothing can be entered into the audit log.
func (j *job) store(ctx context.Context) (*store.Store, error) {
	if j.db != nil {
		return j.db, nil
	}
	var v *vault.Vault
	var err error
	if j.command.by {
		if v, err = j.vault(); err != nil {
			return nil, err
		}
	}
	if j.db, err = openStore(ctx, j.config, j.command.moves); err != nil || v == nil {
		return j.db, err
	}
	if j.log, err = audit.New(audit.Config{DB: j.db.Database(), Key: v.AuditKey()}); err != nil {
		return nil, err
	}
	j.db.SetTrail(j.log)
	return j.db, nil
}

func (j *job) book(ctx context.Context) (*keyring.Book, error) {
	db, err := j.store(ctx)
	if err != nil {
		return nil, err
	}
	return keyring.NewBook(db.Database(), db, j.log, j.config.KeyLead)
}

// keyLines lists the issuer keys that the database knows.
func (j *job) keyLines(ctx context.Context) ([]keyring.Line, error) {
	book, err := j.book(ctx)
	if err != nil {
		return nil, err
	}
	return book.List(ctx)
}

// vault opens personal data.
func (j *job) vault() (*vault.Vault, error) {
	k, err := j.keys()
	if err != nil {
		return nil, err
	}
	return vault.New(k.Vault, k.FieldKeys...), nil
}

// by begins the trail's line of an order.
func (j *job) by() audit.Entry {
	return audit.Entry{AtMs: time.Now().UnixMilli(), Who: j.option["by"], Role: staff.Operator}
}

// theDatabase stands in the trail for all that is in it; package audit has no kind of
// its own for that.
var theDatabase = audit.Object{Kind: audit.Stream, ID: "database"}

// fieldKey is a field key of the vault in the trail.
func fieldKey(n int) audit.Object {
	return audit.Object{Kind: audit.SigningKey, ID: "field-" + strconv.Itoa(n)}
}

// note enters into the trail what has no transaction of its own.
func (j *job) note(ctx context.Context, action staff.Action, object audit.Object, detail string) error {
	if _, err := j.store(ctx); err != nil {
		return err
	}
	e := j.by()
	e.Action, e.Object, e.Detail = action, object, detail
	return j.log.Note(ctx, e)
}

// moment reads an option that is a time.
func (j *job) moment(option string, otherwise time.Time) (time.Time, error) {
	text, given := j.option[option]
	if !given {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("-%s must be a time such as 2026-02-10T08:00:00+08:00", option)
	}
	return t, nil
}

// keyID reads the command's value as a key id.
func (j *job) keyID() (tokens.KeyID, error) {
	id, err := strconv.ParseUint(j.value, 10, 16)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("-%s must be a key id, 1 to 65535", j.command.name)
	}
	return tokens.KeyID(id), nil
}

// newsEvery is how often a waiting operator hears how far it is.
const newsEvery = 5 * time.Second

// news tells how far something long is.
type news struct {
	j    *job
	said time.Time
}

func (j *job) news() *news { return &news{j, time.Now()} }

func (n *news) say(format string, args ...any) {
	if time.Since(n.said) >= newsEvery {
		n.said = time.Now()
		n.j.say(format, args...)
	}
}

// openStore opens the database of the settings; with move, whatever its stream is.
func openStore(ctx context.Context, c *config, move bool) (*store.Store, error) {
	db, err := store.Open(ctx, store.Config{Database: c.Database, Partitions: c.Kafka.Partitions, Topic: c.Kafka.Topic, Move: move})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// passphrase is that of the settings; empty: none.
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

// keyOptions open the key directory, sealed or not.
func (c *config) keyOptions() (o keystore.Options, err error) {
	o.Trust = c.trust()
	o.Passphrase, err = c.passphrase()
	return o, err
}

// openKeys says which setting is at fault.
func (c *config) openKeys() (*keystore.Keys, error) {
	o, err := c.keyOptions()
	if err != nil {
		return nil, err
	}
	k, err := o.Open(c.Keys)
	switch {
	case errors.Is(err, keystore.ErrSealed):
		return nil, fmt.Errorf("keys: %w; set keys_passphrase_file", err)
	case errors.Is(err, keystore.ErrPassphrase):
		return nil, fmt.Errorf("keys_passphrase_file: %w", err)
	case err != nil:
		return nil, fmt.Errorf("keys: %w", err)
	}
	return k, nil
}
