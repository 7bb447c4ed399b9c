package credential

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Exceptions from passback: staff forgive the passages of one credential, or declare an
// amnesty for the gates of stations (amnesty.go). Neither admits a code that a gate refuses
// for another reason.

// ForgiveReasons are why passages of a credential may be forgiven.
func ForgiveReasons() []string { return []string{"gate_fault", "wrong_gate", "staff"} }

// Forgive makes the passages of a credential up to now not count: its next scan passes. When
// it returns, the record for the gateways is durably enqueued. A repetition forgives later
// passages too.
func (s *Service) Forgive(ctx context.Context, by staff.Member, text, reason, request string) (Accepted, error) {
	if !slices.Contains(ForgiveReasons(), reason) {
		return Accepted{}, problem.New(ReasonInvalid, "reason must be gate_fault, wrong_gate or staff")
	}
	now := database.MillisAt(s.Now())
	entry, err := audit.By(by, staff.Forgive, audit.Object{}, int64(now))
	if err != nil {
		return Accepted{}, err
	}
	serial, err := tokens.ParseSerial(text)
	if err != nil || serial.Index >= IndexEnd {
		return Accepted{}, errNoCredential
	}
	if err := s.spendChange(by.Name()); err != nil {
		return Accepted{}, err
	}
	entry.Object, entry.Detail, entry.Request = audit.Serial(serial), reason, request
	if err := s.Store.Forgive(ctx, serial, now, entry); err != nil {
		return Accepted{}, err
	}
	s.metrics.exceptions.WithLabelValues("forgive").Inc()
	s.Log.Info("passages forgiven", zap.Stringer("serial", serial), zap.String("by", by.Name()))
	return Accepted{serial, int64(now)}, nil
}

var errRevoked = problem.New(CredentialRevoked, "this credential was revoked: gates refuse it whatever its passages")

// Forgive stores that passages of a credential up to at do not count, with the record for
// the stream and the audit log entry.
func (s *Store) Forgive(ctx context.Context, serial tokens.Serial, at database.Millis, entry audit.Entry) error {
	var refused error // nothing was written for this call; others in its transaction are not affected
	err := s.outbox.Do(ctx, &outbox.Write{Serial: serial, Run: func(ctx context.Context, tx *sql.Tx) error {
		c, err := readCredential(ctx, tx, serial, s.db.ForUpdate)
		refused = nil
		switch {
		case errors.Is(err, sql.ErrNoRows):
			refused = errNoCredential
		case err != nil:
			return err
		case at >= c.Expires:
			refused = errExpired
		case c.Superseded:
			refused = errSuperseded
		case c.Revoked != 0:
			refused = errRevoked
		}
		if refused != nil {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO forgiven (day, idx, at_ms) VALUES ($1, $2, $3)
			ON CONFLICT (day, idx) DO UPDATE SET at_ms = excluded.at_ms WHERE excluded.at_ms > forgiven.at_ms`,
			int64(serial.Day), int64(serial.Index), at)
		if err != nil {
			return err
		}
		if err := s.auditLog.Append(ctx, tx, entry); err != nil {
			return err
		}
		return s.outbox.Enqueue(ctx, tx, revocation.Record{Kind: revocation.KindForgive, At: int64(at), Serial: serial})
	}})
	if err == nil {
		err = refused
	}
	return err
}

// DeclaredAmnesty is an amnesty for one station, or for all.
type DeclaredAmnesty struct {
	ID          int64
	Station     string // name, or EveryStation
	Scopes      tokens.Scopes
	From, Until int64 // Unix seconds
	Reason      string
	By          string // name of the staff credential
	AtMs        int64  // when it was accepted
}

// Amnesties lists the amnesties that are neither over nor ended, those that end first at the
// front.
func (s *Service) Amnesties(ctx context.Context, by staff.Member) (all []DeclaredAmnesty, err error) {
	if err := by.May(staff.ListAmnesties); err != nil {
		return nil, err
	}
	err = s.Store.db.View(ctx, "list amnesties", func(ctx context.Context, q database.Queries) error {
		all, err = database.All(ctx, q, func(rows *sql.Rows, a *DeclaredAmnesty) error {
			return rows.Scan(&a.ID, &a.Station, &a.Scopes, &a.From, &a.Until, &a.Reason, &a.By, &a.AtMs)
		}, `SELECT id, name, scopes, from_s, until_s, reason, who, at_ms FROM amnesties WHERE until_s > $1 AND ended_ms IS NULL ORDER BY until_s, id`, s.Now().Unix())
		return err
	})
	return all, err
}

// exceptionRecords select, for ActiveRecords, the forgiven serials and the amnesties that
// gateways still keep.
func exceptionRecords(now database.Millis) (forgiven, amnesties outbox.Query) {
	forgiven = outbox.NewQuery(revocation.KindForgive, func(rows *sql.Rows, r *revocation.Record) error {
		return rows.Scan(&r.Serial.Day, &r.Serial.Index, &r.At)
	}, `SELECT day, idx, at_ms FROM forgiven WHERE day >= $1 ORDER BY day, idx`, firstKeptDay(now))
	amnesties = outbox.NewQuery(revocation.KindAmnesty, scanAmnesty,
		`SELECT station, scopes, from_s, until_s, at_ms, ended_ms FROM amnesties WHERE until_s > $1 ORDER BY id`, lastKeptEnd(now))
	return forgiven, amnesties
}

// firstKeptDay is the first day whose records gateways keep at a time.
func firstKeptDay(now database.Millis) int64 {
	return tokens.DayOf(now.Add(-revocation.Afterlife).Seconds()) - 1
}

// lastKeptEnd is the latest end, Unix seconds, of amnesties that gateways do not keep any
// more at a time: until then handhelds report scans.
func lastKeptEnd(now database.Millis) int64 { return now.Add(-revocation.Afterlife).Seconds() }

// eraseExceptions deletes what no gateway needs any more; the audit log keeps the actions.
func (s *Store) eraseExceptions(ctx context.Context, now database.Millis) error {
	return s.db.Change(ctx, "erase exceptions", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM forgiven WHERE day < $1`, firstKeptDay(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM amnesties WHERE until_s <= $1`, lastKeptEnd(now))
		return err
	})
}

// keepExceptions does the periodic work on exceptions; failures are retried.
func (s *Service) keepExceptions(ctx context.Context) {
	now := database.MillisAt(s.Now())
	repeated, err := s.Store.repeatAmnesties(ctx, now)
	if err == nil {
		err = s.Store.eraseExceptions(ctx, now)
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Error("amnesties not repeated, or old exceptions from passback not erased; retrying", zap.Error(err))
	}
	if repeated > 0 {
		s.Log.Info("amnesties published again", zap.Int("amnesties", repeated))
	}
}

// scanAmnesty reads the record of a row: KindAmnesty, or KindEndAmnesty if it was ended early.
func scanAmnesty(rows *sql.Rows, r *revocation.Record) error {
	var station []byte
	var ended sql.Null[database.Millis]
	err := rows.Scan(&station, &r.Scopes, &r.From, &r.Until, &r.At, &ended)
	if ended.Valid { // this record also declares the amnesty
		r.Kind, r.At, r.Cutoff = revocation.KindEndAmnesty, int64(ended.V), endOf(ended.V, r.From)
	}
	if copy(r.Station[:], station); err == nil && len(station) != len(r.Station) {
		err = errors.New("credential: a station in the database has the wrong length")
	}
	return err
}

// repeatAmnesties puts amnesties that are not over into the outbox again, at most once each
// [keyring.AnnounceAgain]: one that begins in a week would leave the topic before that.
func (s *Store) repeatAmnesties(ctx context.Context, at database.Millis) (repeated int, err error) {
	return database.Update(ctx, s.db, "repeat amnesties", func(ctx context.Context, tx *sql.Tx) (int, error) {
		records, err := outbox.ReadRecords(ctx, tx, outbox.NewQuery(revocation.KindAmnesty, scanAmnesty,
			`UPDATE amnesties SET sent_ms = $1 WHERE sent_ms <= $2 AND until_s > $3 RETURNING station, scopes, from_s, until_s, at_ms, ended_ms`,
			at, at.Add(-keyring.AnnounceAgain), at.Seconds()))
		if err != nil {
			return 0, err
		}
		return len(records), s.outbox.Enqueue(ctx, tx, records...)
	})
}
