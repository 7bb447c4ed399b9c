// Package keyring decides which issuer key signs now, and runs the commands that move a
// key through its states:
//
//	generated   in the key directory only
//	announced   to be announced; the announcement waits in the outbox
//	waiting     the announcement is in the stream and the lead time runs, so that every
//	            gateway has read it before the first pass arrives
//	active      signs: of the keys whose time has come, the one whose time came last
//	overlap     a newer key signs; this key's own sessions, 30 minutes long, stay valid
//	inactive    deactivated: it signs nothing more, even if no newer key can
//	retired     all its sessions are over; it is no longer announced
//	distrusted  an emergency: gateways refuse its sessions after a cutoff
//
// It promises:
//   - A key signs only after its announcement has been in the stream for the lead time.
//     Exceptions are the first key of a database, and a key that an operator activates
//     while no other key is active.
//   - All issuers on one database that have a key agree on when it signs, whatever their
//     clocks show, within the second in which they refresh.
//   - A deactivated key is out of use everywhere after about a second, and after half a
//     minute at an issuer that cannot reach the database.
//   - A gateway learns which credentials are exempt before it learns that the key is
//     distrusted.
//   - Every command is recorded in the audit log, in the same transaction.
//   - Without an active key nothing is signed, and the error gives the reason.
//
// It does not promise that every issuer has every key: an issuer that has not been
// restarted since a key was created keeps signing with its newest key. That is valid
// until that key is deactivated. The package stores no secrets: see keystore.
//
// Files: store.go, announce.go, commands.go and distrust.go have the stored state and the
// commands that change it; row.go the rule and the operator's table; ring.go and
// refresh.go the answer that needs no database query.
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

// DefaultLead is how long an announcement is in the stream before its key signs. Our
// choice: running gateways have read it within a second, and a gateway whose data are
// older than this soon denies everything (after 15 minutes).
const DefaultLead = 10 * time.Minute

// MaxLead keeps a mistyped setting from keeping a key out of use for years.
const MaxLead = 24 * time.Hour

// SessionOver is how long after a key's last signature no session under it is valid: 30
// minutes (rule A11), and a minute for clocks that differ and for an issuer whose view
// was maxAge old.
const SessionOver = tokens.MaxSession*time.Second + time.Minute

// Why a command is refused. The errors that wrap these name the key and the time.
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

// Sessions answers questions about sessions, which belong to another package:
// credential.Sessions implements it.
type Sessions interface {
	// Running counts, by key, the sessions that started after a time, with the start of
	// the last one.
	Running(ctx context.Context, q database.Queries, after database.Millis) (map[tokens.KeyID]Running, error)
	// Holders lists the credentials active at now that have a session which started at
	// from or later, under the key or under an unknown one.
	Holders(ctx context.Context, q database.Queries, key tokens.KeyID, from, now database.Millis) ([]tokens.Serial, error)
}

// Running are the sessions under one key that may still be valid.
type Running struct {
	Count int
	Last  database.Millis // start of the last one
}

// Store records in the database how far each issuer key has come. It needs no secret.
// It is safe for concurrent use, by several issuers and commands too.
type Store struct {
	Config
	db *database.DB
}

// Config has the parts of a Store.
type Config struct {
	Outbox   *outbox.Outbox
	Sessions Sessions
	// AuditLog gets the entries of commands; nil: every command fails.
	AuditLog *audit.Log
	// Lead is how long an announcement must be in the stream before its key signs, at
	// most MaxLead; 0: no time, for tests only. It is applied when an announcement is
	// first seen in the stream, and by UseFrom.
	Lead time.Duration
}

// NewStore makes a Store and starts nothing.
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

// change runs f with the present keys, and no other command runs meanwhile. f reports
// whether it changed something.
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

// setColumn writes what a command decided about a key, and the command's entry.
func (s *Store) setColumn(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id tokens.KeyID, detail, column string, at database.Millis) (changed bool, err error) {
	if _, err := tx.ExecContext(ctx, `UPDATE issuer_keys SET `+column+` = $1 WHERE id = $2`, at, int64(id)); err != nil {
		return false, err
	}
	return true, s.recordCommand(ctx, tx, by, action, id, detail)
}

// lockCommands makes commands and announcements of several issuers wait for each other.
func (s *Store) lockCommands(ctx context.Context, tx *sql.Tx) error {
	if s.db.Exclusive == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, s.db.Exclusive)
	return err
}

// recordCommand writes the command's entry.
func (s *Store) recordCommand(ctx context.Context, tx *sql.Tx, by audit.Entry, action staff.Action, id tokens.KeyID, detail string) error {
	by.Action, by.Object, by.Detail = action, audit.Key(id), detail
	return s.AuditLog.Append(ctx, tx, by)
}

// recordPublished records which announcements have reached the stream: the lead time of
// their keys starts now. A late observation starts it late, never early. While no key was
// ever in the stream there is no lead: no other key could sign meanwhile.
func (s *Store) recordPublished(ctx context.Context) error {
	_, err := s.change(ctx, "record the published keys", func(ctx context.Context, tx *sql.Tx, now database.Millis, rows []row) (bool, error) {
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
