package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// IndexEnd is the first serial index of a day that is never given: the upper
// half belongs to load tests.
const IndexEnd = 1 << 31

// Check is a passed real-person check. It is good for one session until it expires.
type Check struct {
	ID          string
	Application string
	PassedMs    int64
	ExpiresMs   int64
	// Guard is asked in the transaction that acts on the check; its error undoes it.
	// nil: nothing is asked.
	Guard func(ctx context.Context, q database.Queries) error
}

// guard asks Guard; no check has none.
func (c *Check) guard(ctx context.Context, tx *sql.Tx) error {
	if c == nil || c.Guard == nil {
		return nil
	}
	return c.Guard(ctx, tx)
}

// Grant is what an approval may write into a credential, and the limits that
// it is held to; the serial's index comes from the day's blocks.
type Grant struct {
	Person     vault.PersonHash
	Month      int // of the quota: year * 100 + month
	Quota      int // approvals of a month
	RenewalMs  int64
	Day        uint16
	Subject    tokens.Subject
	Scopes     tokens.Scopes
	ApprovedMs int64
	ExpiresMs  int64
}

// Why an application is not approved. The store judges these, and nothing else,
// because they must be judged under the person's lock.
var (
	ErrQuota   = errors.New("store: the person's approvals of the month are used up")
	ErrTooSoon = errors.New("store: the person has a credential that is in force for long yet")
	ErrState   = errors.New("store: the application is in another state")
)

// Decision is what became of an application.
type Decision struct {
	Application Application
	Credential  *Credential
	Approved    bool        // by this call
	Superseded  *Credential // that this approval ended
	Err         error       // ErrQuota, ErrTooSoon or nil
	InForce     *Credential // with ErrTooSoon
}

// KeepCheck keeps a passed check of an approved application.
func (s *Store) KeepCheck(ctx context.Context, check Check) error {
	c := &change{check: &check}
	err := s.writes.Do(ctx, c) // fills c, so it comes first
	return cmp.Or(err, c.refused)
}

// KeepWaiting keeps a passed check of an application that still waits for its
// decision.
func (s *Store) KeepWaiting(ctx context.Context, check Check) error {
	return s.db.Change(ctx, "keep check", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		if err := insertCheck(ctx, tx, check); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2 WHERE id = $3 AND state = $4`,
			int64(Checked), check.PassedMs, check.Application, int64(Submitted))
		return err
	})
}

// Refuse ends an undecided application. check, if there is one, is the one that led
// to it.
func (s *Store) Refuse(ctx context.Context, application string, check *Check, code problem.Code, atMs int64) error {
	return s.db.Change(ctx, "refuse application", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		return refuse(ctx, tx, application, code, atMs)
	})
}

func refuse(ctx context.Context, tx *sql.Tx, application string, code problem.Code, atMs int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2, refused_for = $3 WHERE id = $4 AND state IN ($5, $6)`,
		int64(Refused), atMs, string(code), application, int64(Submitted), int64(Checked))
	return err
}

// Decide approves an application under the person's lock, or finds why not: in
// that case it refuses it for the code that why returns for the error. check, if
// there is one, is kept with an approval. An application that is approved
// already stays so, and the check is kept.
func (s *Store) Decide(ctx context.Context, application string, check *Check, g Grant, why func(error) problem.Code) (d Decision, err error) {
	serial, err := s.serials.take(ctx, g.Day)
	if err != nil {
		return d, err
	}
	used := false
	err = s.db.Change(ctx, "decide application", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		// Two checks of one application must not both decide it.
		d.Application, d.Credential, err = scanApplication(tx.QueryRowContext(ctx, selectApplications+`a.id = $1`+s.db.ForUpdateOf("a"), application))
		if err != nil {
			return err
		}
		switch d.Application.State {
		case Submitted, Checked:
		case Approved:
			if check != nil {
				return insertCheck(ctx, tx, *check)
			}
			return nil
		default:
			return ErrState
		}
		d.InForce, d.Err, err = s.permitted(ctx, tx, g)
		if err != nil {
			return err
		}
		if d.Err != nil {
			d.Application.State, d.Application.RefusedFor = Refused, why(d.Err)
			return refuse(ctx, tx, application, d.Application.RefusedFor, g.ApprovedMs)
		}
		used = true
		return s.approve(ctx, tx, &d, check, g, serial)
	})
	if !used { // a commit whose answer was lost may have used it
		s.serials.giveBack(serial)
	}
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

const insertChecks = `INSERT INTO checks (id, application, passed_ms, expires_ms)`

func (c *Check) row() []any { return []any{c.ID, c.Application, c.PassedMs, c.ExpiresMs} }

func insertCheck(ctx context.Context, tx *sql.Tx, c Check) error {
	return database.InsertMany(ctx, tx, insertChecks, [][]any{c.row()})
}

// approve writes the credential and ends the one before it.
func (s *Store) approve(ctx context.Context, tx *sql.Tx, d *Decision, check *Check, g Grant, serial tokens.Serial) error {
	if old := d.InForce; old != nil {
		if err := s.apply(ctx, tx, Change{Serial: old.Serial, Revoke: true, Reason: "superseded", Who: issuerItself, AtMs: g.ApprovedMs}); err != nil {
			return fmt.Errorf("superseding: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE credentials SET superseded = 1 WHERE day = $1 AND idx = $2`, int64(old.Serial.Day), int64(old.Serial.Index)); err != nil {
			return err
		}
		d.Superseded, d.InForce = old, nil
	}
	c := &Credential{
		Serial: serial, Application: d.Application.ID, Subject: g.Subject, Scopes: g.Scopes,
		ApprovedMs: g.ApprovedMs, ExpiresMs: g.ExpiresMs, ChangedMs: g.ApprovedMs,
	}
	day, index := int64(serial.Day), int64(serial.Index)
	_, err := tx.ExecContext(ctx, `
		INSERT INTO credentials (day, idx, application, subject, scopes, approved_ms, expires_ms, changed_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $6)`,
		day, index, c.Application, g.Subject[:], int64(g.Scopes), g.ApprovedMs, g.ExpiresMs)
	if err != nil {
		return err
	}
	if check != nil {
		if err := insertCheck(ctx, tx, *check); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE persons SET day = $1, idx = $2 WHERE person = $3`, day, index, g.Person[:]); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2 WHERE id = $3`, int64(Approved), g.ApprovedMs, c.Application)
	d.Application.State, d.Application.StateMs, d.Credential, d.Approved = Approved, g.ApprovedMs, c, true
	return err
}
