package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
)

// Check is a passed face check. It opens one session until it expires.
type Check struct {
	ID          string
	Application string
	Passed      database.Millis
	Expires     database.Millis
	// Guard is called in the transaction that acts on the check; its error rolls the
	// transaction back. nil: no guard.
	Guard func(ctx context.Context, q database.Queries) error
}

// guard calls Guard; without a check there is none.
func (c *Check) guard(ctx context.Context, tx *sql.Tx) error {
	if c == nil || c.Guard == nil {
		return nil
	}
	return c.Guard(ctx, tx)
}

// keepCheck stores a passed check of an approved application.
func (s *Store) keepCheck(ctx context.Context, check Check) error {
	return writeRow(ctx, s.passed, check)
}

// insertPassed stores the checks of many calls. A guard refuses its own call only.
func (s *Store) insertPassed(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[Check]) error {
	var checks []*pendingWrite[Check]
	for _, c := range calls {
		refused := new(problem.Error)
		switch err := c.row.guard(ctx, tx); {
		case errors.As(err, &refused):
			c.refused = err
		case err != nil:
			return err
		default:
			checks = append(checks, c)
		}
	}
	return database.InsertMany(ctx, tx, insertChecks, rowsOf(checks, (*Check).values))
}

const insertChecks = `INSERT INTO checks (id, application, passed_ms, expires_ms)`

func (c *Check) values() []any { return []any{c.ID, c.Application, c.Passed, c.Expires} }

func insertCheck(ctx context.Context, tx *sql.Tx, c *Check) error {
	return database.InsertMany(ctx, tx, insertChecks, [][]any{c.values()})
}

// keepCheckOfPending stores a passed check of an application that is still pending.
func (s *Store) keepCheckOfPending(ctx context.Context, check Check) error {
	return s.db.Change(ctx, "keep check", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		if err := insertCheck(ctx, tx, &check); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2 WHERE id = $3 AND state = $4`,
			int64(StateChecked), check.Passed, check.Application, int64(StateSubmitted))
		return err
	})
}

// goodCheck reports whether an application has a passed check that is neither used nor
// expired.
func (s *Store) goodCheck(ctx context.Context, application string, now database.Millis) (good bool, err error) {
	err = s.db.View(ctx, "find check", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `
			SELECT COUNT(*) > 0 FROM checks WHERE application = $1 AND used_ms IS NULL AND expires_ms > $2`, application, now).Scan(&good)
	})
	return good, err
}

// refuse ends a pending application. check, if any, is the one that led to the decision.
func (s *Store) refuse(ctx context.Context, application string, check *Check, code problem.Code, at database.Millis) error {
	return s.db.Change(ctx, "refuse application", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		return refuseIn(ctx, tx, application, code, at)
	})
}

func refuseIn(ctx context.Context, tx *sql.Tx, application string, code problem.Code, at database.Millis) error {
	_, err := tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2, refused_for = $3 WHERE id = $4 AND state IN ($5, $6)`,
		int64(StateRefused), at, string(code), application, int64(StateSubmitted), int64(StateChecked))
	return err
}

// Grant is the person who gets a credential by an approval, and when.
type Grant struct {
	Person  vault.PersonHash
	Subject tokens.Subject
	At      database.Millis
}

// Decision is the result of Decide.
type Decision struct {
	Application Application
	Credential  *Credential
	Approved    bool           // in this call
	Superseded  *Credential    // the credential that this approval replaced
	Refused     *problem.Error // in this call; nil: not refused
}

// approve decides and counts the result.
func (s *Service) approve(ctx context.Context, application string, check *Check, person provider.Person, at time.Time) (ApplicationView, error) {
	day := uint16(tokens.DayOf(at.Unix()))
	d, err := s.Store.Decide(ctx, application, check, Grant{
		Person: s.vault.Person(person.Document, person.Number), Subject: s.vault.Subject(day, person.Document, person.Number), At: database.MillisAt(at),
	})
	switch {
	case err != nil:
		return ApplicationView{}, err
	case d.Refused != nil:
		return ApplicationView{}, d.Refused
	case d.Approved:
		s.metrics.approvals.Inc()
	}
	if d.Superseded != nil {
		s.metrics.revocations.WithLabelValues("supersede").Inc()
	}
	return viewOf(&d.Application, d.Credential, at), nil
}

// Decide approves an application under the person's lock (rules A7 to A9), or refuses it.
// check, if any, is stored with an approval, also if the application was approved before.
func (s *Store) Decide(ctx context.Context, application string, check *Check, g Grant) (d Decision, err error) {
	serial, err := s.serials.takeSerial(ctx, uint16(tokens.DayOf(g.At.Seconds())))
	if err != nil {
		return d, err
	}
	used := false
	err = s.db.Change(ctx, "decide application", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		// Only one of two concurrent checks of an application decides it.
		d.Application, d.Credential, err = scanApplication(tx.QueryRowContext(ctx, selectApplications+`a.id = $1`+s.db.ForUpdateOf("a"), application))
		if err != nil {
			return err
		}
		switch d.Application.State {
		case StateSubmitted, StateChecked:
		case StateApproved:
			if check != nil {
				return insertCheck(ctx, tx, check)
			}
			return nil
		default:
			return problem.New(ApplicationRefused, "this application was refused meanwhile")
		}
		err := s.permit(ctx, tx, &d, g)
		if err != nil {
			return err
		}
		if d.Refused != nil {
			d.Application.State, d.Application.RefusedFor = StateRefused, d.Refused.Code
			return refuseIn(ctx, tx, application, d.Refused.Code, g.At)
		}
		used = true
		return s.approveIn(ctx, tx, &d, check, g, serial)
	})
	if !used { // kept if the commit's answer was lost: it may be used
		s.serials.giveBack(serial)
	}
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// permit locks the person and checks the rules that several applications of a person could
// break together: whether the active credential may be renewed (rule A9) and whether the
// month has an approval left (A7), which it then uses up. It sets in d why not, or which
// credential the approval supersedes.
func (s *Store) permit(ctx context.Context, tx *sql.Tx, d *Decision, g Grant) error {
	var day, index sql.NullInt64
	// The update changes nothing: it locks the row and reads its present values.
	err := tx.QueryRowContext(ctx, `
		INSERT INTO persons (person) VALUES ($1) ON CONFLICT (person) DO UPDATE SET person = excluded.person
		RETURNING day, idx`, g.Person[:]).Scan(&day, &index)
	if err != nil {
		return err
	}
	if day.Valid {
		// Locked, since staff may revoke it concurrently.
		c, err := readCredential(ctx, tx, tokens.Serial{Day: uint16(day.Int64), Index: uint32(index.Int64)}, s.db.ForUpdate)
		switch {
		case err != nil:
			return err
		case c.Revoked != 0 || g.At >= c.Expires: // not active
		case g.At < renewable(c):
			d.Refused = &problem.Error{Code: RenewalTooEarly, RetryAt: renewable(c).Seconds(), Detail: "a temporary ID is active; apply for a new one in its last 3 hours"}
			return nil
		default:
			d.Superseded = c
		}
	}
	var used int
	err = tx.QueryRowContext(ctx, `
		INSERT INTO quotas (person, month, used) VALUES ($1, $2, 1)
		ON CONFLICT (person, month) DO UPDATE SET used = quotas.used + 1 WHERE quotas.used < $3
		RETURNING used`, g.Person[:], month(g.At.Time()), ApplicationsPerMonth).Scan(&used)
	if err == sql.ErrNoRows {
		d.Superseded = nil
		d.Refused = &problem.Error{Code: QuotaExceeded, RetryAt: nextMonth(g.At.Time()).Unix(), Detail: "3 temporary IDs were issued to this person this month"}
		return nil
	}
	return err
}

// approveIn writes the credential and ends the previous one.
func (s *Store) approveIn(ctx context.Context, tx *sql.Tx, d *Decision, check *Check, g Grant, serial tokens.Serial) error {
	if old := d.Superseded; old != nil {
		if err := s.setRevoked(ctx, tx, &Revocation{Serial: old.Serial, Revoke: true, Reason: "superseded", Who: issuerItself, At: g.At}); err != nil {
			return fmt.Errorf("superseding: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE credentials SET superseded = 1 WHERE day = $1 AND idx = $2`, int64(old.Serial.Day), int64(old.Serial.Index)); err != nil {
			return err
		}
	}
	c := &Credential{
		Serial: serial, Application: d.Application.ID, Subject: g.Subject, Scopes: tokens.AllScopes,
		Approved: g.At, Expires: g.At.Add(tokens.CredentialLife * time.Second), Changed: g.At,
	}
	day, index := int64(serial.Day), int64(serial.Index)
	_, err := tx.ExecContext(ctx, `
		INSERT INTO credentials (day, idx, application, subject, scopes, approved_ms, expires_ms, changed_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $6)`,
		day, index, c.Application, c.Subject[:], int64(c.Scopes), c.Approved, c.Expires)
	if err != nil {
		return err
	}
	if check != nil {
		if err := insertCheck(ctx, tx, check); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE persons SET day = $1, idx = $2 WHERE person = $3`, day, index, g.Person[:]); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE applications SET state = $1, state_ms = $2 WHERE id = $3`, int64(StateApproved), g.At, c.Application)
	d.Application.State, d.Application.StateSince, d.Credential, d.Approved = StateApproved, g.At, c, true
	return err
}
