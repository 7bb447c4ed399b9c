package credential

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Store has applications, checks, credentials, sessions and revocations in the issuer's
// database, and makes the decisions that need a lock. It does not encrypt: personal fields
// arrive encrypted (see vault). It reads no clock: callers pass in the time. It is safe for
// concurrent use.
type Store struct {
	db       *database.DB
	outbox   *outbox.Outbox
	auditLog *audit.Log // nil: changes that need an audit entry fail
	serials  *serialBlocks

	// concurrent calls of a kind share a transaction
	submissions *database.Group[pendingWrite[Application]]
	passed      *database.Group[pendingWrite[Check]]
	openings    *database.Group[pendingWrite[opening]]
	// concurrent reads share a query
	lookups  *database.Group[lookup]
	viewings *database.Group[lookup]
}

// NewStore makes a Store on an outbox's database.
func NewStore(box *outbox.Outbox, auditLog *audit.Log) *Store {
	db := box.Database()
	s := &Store{db: db, outbox: box, auditLog: auditLog, serials: newSerials(db)}
	s.submissions = batched(db, s.insertApplications)
	s.passed = batched(db, s.insertPassed)
	s.openings = batched(db, s.openSessions)
	s.lookups, s.viewings = database.NewGroup(s.lookUpAll), database.NewGroup(s.viewAll)
	return s
}

// pendingWrite is a call that shares a transaction with others of its kind.
type pendingWrite[T any] struct {
	row     T
	refused error // nothing was written for this call; other calls are not affected
}

// batched groups calls whose rows are written in one transaction. If the database refuses
// the transaction, each call is retried alone, so that no call fails because of another. A
// transaction that may have been committed is not retried.
func batched[T any](db *database.DB, write func(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[T]) error) *database.Group[pendingWrite[T]] {
	return database.NewGroup(func(ctx context.Context, calls []*pendingWrite[T]) error {
		committing := false
		err := db.Change(ctx, "write a batch", func(ctx context.Context, tx *sql.Tx) error {
			err := write(ctx, tx, calls)
			committing = err == nil
			return err
		})
		if err == nil || committing || len(calls) == 1 {
			return err
		}
		for _, c := range calls {
			c.refused = db.Change(ctx, "write alone", func(ctx context.Context, tx *sql.Tx) error {
				c.refused = nil
				if err := write(ctx, tx, []*pendingWrite[T]{c}); err != nil {
					return err
				}
				return c.refused
			})
		}
		return nil
	})
}

// writeRow writes one row in its group.
func writeRow[T any](ctx context.Context, g *database.Group[pendingWrite[T]], row T) error {
	c := &pendingWrite[T]{row: row}
	if err := g.Do(ctx, c); err != nil {
		return err
	}
	return c.refused
}

// rowsOf are the rows of calls, for database.InsertMany.
func rowsOf[T any](calls []*pendingWrite[T], row func(*T) []any) [][]any {
	rows := make([][]any, len(calls))
	for i, c := range calls {
		rows[i] = row(&c.row)
	}
	return rows
}

var errSubject = errors.New("credential: a subject in the database has the wrong length")

// ActiveRecords is the outbox.Source of subjects, closed sessions, credentials and
// exceptions from passback. It returns subjects' cutoffs, forgiven serials, amnesties and the
// present state of every credential that was ever revoked, for as long as gateways keep them,
// and the closed sessions with a code that could still be accepted.
func ActiveRecords(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis) ([]revocation.Record, error) {
	over := now.Add(-revocation.Afterlife)
	forgiven, amnesties := exceptionRecords(now)
	return outbox.ReadRecords(ctx, tx,
		outbox.NewQuery(revocation.KindRevokeSubject, func(rows *sql.Rows, r *revocation.Record) error {
			var subject []byte
			err := rows.Scan(&subject, &r.Cutoff, &r.At)
			if copy(r.Subject[:], subject); err == nil && len(subject) != len(r.Subject) {
				err = errSubject
			}
			return err
		}, `SELECT subject, cut_off, at_ms FROM subject_cutoffs WHERE cut_off * 1000 > $1 ORDER BY subject`, over.Add(-keyring.SessionOver)),
		// Past sessions are omitted, unlike other past records: they are many.
		outbox.NewQuery(revocation.KindRevokeSession, func(rows *sql.Rows, r *revocation.Record) error {
			var start database.Millis
			err := rows.Scan(&r.Serial.Day, &r.Serial.Index, &start, &r.At)
			r.Start = start.Seconds()
			return err
		}, `SELECT c.day, c.idx, s.start_ms, s.closed_ms FROM sessions s JOIN credentials c ON c.application = s.application
			WHERE s.start_ms > $1 AND s.closed_ms IS NOT NULL ORDER BY s.start_ms`, now.Add(-shownFor)),
		// The lock waits for a change in progress: that change has enqueued its record
		// already, and the previous state must not be enqueued after it.
		outbox.NewQuery(revocation.KindUnrevoke, func(rows *sql.Rows, r *revocation.Record) error {
			var revoked sql.Null[database.Millis]
			err := rows.Scan(&r.Serial.Day, &r.Serial.Index, &revoked, &r.At)
			if revoked.Valid {
				r.Kind = revocation.KindRevoke
			}
			return err
		}, `SELECT day, idx, revoked_ms, changed_ms FROM credentials c
			WHERE expires_ms > $1 AND EXISTS (SELECT 1 FROM revocations r WHERE r.day = c.day AND r.idx = c.idx)
			ORDER BY changed_ms`+db.ForUpdate, over),
		forgiven, amnesties)
}

// Sessions implements keyring.Sessions.
type Sessions struct{}

var _ keyring.Sessions = Sessions{}

// Running implements keyring.Sessions.
func (Sessions) Running(ctx context.Context, q database.Queries, after database.Millis) (map[tokens.KeyID]keyring.Running, error) {
	all := make(map[tokens.KeyID]keyring.Running)
	err := database.Each(ctx, q, func(rows *sql.Rows) error {
		var id tokens.KeyID
		var r keyring.Running
		err := rows.Scan(&id, &r.Count, &r.Last)
		all[id] = r
		return err
	}, `SELECT key_id, COUNT(*), MAX(start_ms) FROM sessions WHERE start_ms > $1 GROUP BY key_id`, after)
	return all, err
}

// Holders implements keyring.Sessions.
func (Sessions) Holders(ctx context.Context, q database.Queries, key tokens.KeyID, from, now database.Millis) ([]tokens.Serial, error) {
	return database.All(ctx, q, scanSerial, `SELECT DISTINCT c.day, c.idx FROM sessions s JOIN credentials c ON c.application = s.application
		WHERE s.start_ms >= $1 AND s.key_id IN ($2, 0) AND c.revoked_ms IS NULL AND c.expires_ms > $3
		ORDER BY c.day, c.idx`, from, int64(key), now)
}

func scanSerial(rows *sql.Rows, to *tokens.Serial) error { return rows.Scan(&to.Day, &to.Index) }
