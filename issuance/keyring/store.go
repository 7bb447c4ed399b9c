// Package keyring decides which issuer key signs now, and takes the commands that
// move a key along its life:
//
//	generated   lies in the key directory; nobody knows it
//	announced   ordered to gateways; its announcement waits in the outbox
//	waiting     its announcement is in the stream, and the lead time runs, so that
//	            every gateway has read it before the first pass comes by
//	in service  signs: of the keys whose time has come, the one whose time came last
//	overlap     a newer key signs; its own sessions, 30 minutes long, stay good
//	resting     was deactivated: it signs nothing more, even if no newer key can
//	retired     all its sessions are over; it is announced no more
//	cut off     an emergency: gateways distrust it from a moment on
//
// It promises: a key signs nothing before its announcement has been in the stream
// for the lead time, but for the first key of a database and for what an operator
// orders while no other key is active; all issuers on one database that hold a
// key agree on when it signs, whatever their clocks say, within the second in which
// they look; a key that was deactivated is out of use everywhere about a second later,
// and half a minute where the database cannot be asked; no gateway hears that a key is
// cut off before it hears which credentials are exempt; every command is recorded in the
// audit log, in the same transaction; and without a key in service nothing is signed,
// and the error says why.
//
// It does not promise that every issuer holds every key: one that was not started
// again since a key was made goes on with the newest that it has. That is good, too,
// until that key is deactivated. Nor does it keep secrets: see keystore.
//
// Files: store.go, announce.go, commands.go and distrust.go what the database keeps and
// who may change it, row.go the rule and the operator's table, ring.go and refresh.go
// the answer that costs no question to the database.
package keyring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
)

// DefaultLead is how long an announcement is in the stream before its key signs.
// Ours: gateways that run have it within a second, and one whose data are older
// than this is close to denying everything anyhow (15 minutes).
const DefaultLead = 10 * time.Minute

// MaxLead keeps a slip in a setting from keeping a key out of use for ever.
const MaxLead = 24 * time.Hour

// SessionOver is how long after a key signed its last no session under it is good:
// 30 minutes (rule A11), and a minute for clocks that differ and for an issuer that
// signed by a view that was maxAge old.
const SessionOver = tokens.MaxSession*time.Second + time.Minute

// Why a command is refused. The errors that wrap these say which key and when.
var (
	ErrUnknown    = errors.New("keyring: no such key was ever announced")
	ErrBound      = errors.New("keyring: the id belongs to another public key")
	ErrWeak       = errors.New("keyring: gateways refuse this public key")
	ErrRetired    = errors.New("keyring: the key is retired")
	ErrDistrusted = errors.New("keyring: the key is distrusted")
	ErrTooSoon    = errors.New("keyring: gateways may not know the key by then")
	ErrOnlyKey    = errors.New("keyring: no other key is active")
	ErrInUse      = errors.New("keyring: the key must be deactivated first")
	ErrSessions   = errors.New("keyring: sessions under the key may still be running")

	errPublic = errors.New("keyring: a public key in the database has the wrong length")
)

// Sessions is what is asked of sessions, which belong to another package:
// credential.Sessions is one.
type Sessions interface {
	// Running counts, by key, the sessions that started after a time, and has the
	// start of the last one.
	Running(ctx context.Context, q database.Queries, after database.Millis) (map[tokens.KeyID]Running, error)
	// Holders lists the credentials in force at now of which a session started at from
	// or later, under the key or under one that was not noted.
	Holders(ctx context.Context, q database.Queries, key tokens.KeyID, from, now database.Millis) ([]tokens.Serial, error)
}

// Running are the sessions under one key that may still be good.
type Running struct {
	Count int
	Last  database.Millis // start of the last one
}

// Store keeps in the database how far each issuer key has come. It needs no secret.
// It is safe for many goroutines, and for several issuers and commands at once.
type Store struct {
	Config
	db *database.DB
}

// Config is what a Store works with.
type Config struct {
	Outbox   *outbox.Outbox
	Sessions Sessions
	// AuditLog takes the entries of commands; nil: every command fails.
	AuditLog *audit.Log
	// Lead is how long an announcement must be in the stream before its key signs, at
	// most MaxLead; 0: no time, for tests only. It counts when an announcement is first
	// seen in the stream, and for UseFrom.
	Lead time.Duration
}

// NewStore makes a Store; it starts nothing.
func NewStore(c Config) (*Store, error) {
	if c.Outbox == nil || c.Sessions == nil {
		return nil, errors.New("keyring: an outbox and the sessions are needed")
	}
	if c.Lead < 0 || c.Lead > MaxLead {
		return nil, fmt.Errorf("keyring: the lead time must be 0 to %v", MaxLead)
	}
	return &Store{c, c.Outbox.Database()}, nil
}

func (s *Store) rows(ctx context.Context) (now database.Millis, rows []row, err error) {
	err = s.db.View(ctx, "read the issuer keys", func(ctx context.Context, q database.Queries) (err error) {
		now, rows, err = readRows(ctx, s.db, q)
		return err
	})
	return now, rows, err
}

// change runs f alone among all commands, with the keys as they are then. f says whether
// it changed something.
func (s *Store) change(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error)) (changed bool, err error) {
	return database.Update(ctx, s.db, what, func(ctx context.Context, tx *sql.Tx) (bool, error) {
		if err := s.lockCommands(ctx, tx); err != nil {
			return false, err
		}
		now, rows, err := readRows(ctx, s.db, tx)
		if err != nil {
			return false, err
		}
		return f(ctx, tx, now, rows)
	})
}

// setColumn writes what a command decided about a key, and the command's line.
func (s *Store) setColumn(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id tokens.KeyID, detail, column string, at database.Millis) (changed bool, err error) {
	if _, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET `+column+` = $1 WHERE id = $2`, at, int64(id)); err != nil {
		return false, err
	}
	return true, s.recordCommand(ctx, tx, by, action, id, detail)
}

// lockCommands has commands and announcements of several issuers wait for each other.
func (s *Store) lockCommands(ctx context.Context, tx *sql.Tx) error {
	if s.db.Exclusive == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.db.Exclusive)
	return err
}

// recordCommand writes the command's line.
func (s *Store) recordCommand(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id tokens.KeyID, detail string) error {
	by.Action, by.Object, by.Detail = action, audit.Key(id), detail
	return s.AuditLog.Append(ctx, tx, by)
}

// recordPublished writes down which announcements have come to be in the stream: from now
// on the lead time of their keys runs. Seen late, it runs late, never early. While no
// key was ever in the stream there is nothing better to sign with, and no lead.
func (s *Store) recordPublished(ctx context.Context) error {
	_, err := s.change(ctx, "note which keys are in the stream", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
		lead := time.Duration(0)
		for _, r := range rows {
			if r.published != 0 {
				lead = s.Lead
			}
		}
		for _, r := range rows {
			if !r.unrecorded() {
				continue
			}
			_, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET published_ms = $1, use_from_ms = $2 WHERE id = $3`,
				now, max(r.useFrom, now.Add(lead)), int64(r.id))
			if err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return err
}
