package credential

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

var errSubject = errors.New("credential: a subject in the database has the wrong length")

// InForce is the outbox.Source of subjects, closed sessions and credentials: subjects'
// cut-offs and the present state of every credential with a revocation in its past, for as
// long as gateways keep them, and the closed sessions of which a code could still pass.
func InForce(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis) (records []revocation.Record, err error) {
	over := now.Add(-revocation.Afterlife)
	read := func(kind revocation.Kind, scan func(*sql.Rows, *revocation.Record) error, query string, args ...any) {
		if err == nil {
			err = database.Each(ctx, tx, func(rows *sql.Rows) error {
				r := revocation.Record{Kind: kind}
				err := scan(rows, &r)
				records = append(records, r)
				return err
			}, query, args...)
		}
	}
	read(revocation.KindRevokeSubject, func(rows *sql.Rows, r *revocation.Record) error {
		var subject []byte
		err := rows.Scan(&subject, &r.CutOff, &r.At)
		if copy(r.Subject[:], subject); err == nil && len(subject) != len(r.Subject) {
			err = errSubject
		}
		return err
	}, `SELECT subject, cut_off, at_ms FROM subject_cutoffs WHERE cut_off * 1000 > $1 ORDER BY subject`, over.Add(-keyring.SessionOver))
	// Of all that is over, sessions alone are not said: they are many.
	read(revocation.KindRevokeSession, func(rows *sql.Rows, r *revocation.Record) error {
		var start database.Millis
		err := rows.Scan(&r.Serial.Day, &r.Serial.Index, &start, &r.At)
		r.Start = start.Seconds()
		return err
	}, `SELECT c.day, c.idx, s.start_ms, s.closed_ms FROM sessions s JOIN credentials c ON c.application = s.application
		WHERE s.start_ms > $1 AND s.closed_ms IS NOT NULL ORDER BY s.start_ms`, now.Add(-shownFor))
	// The lock waits for a change that is under way: it has put its record into the
	// outbox already, and the state from before must not be said behind it.
	read(revocation.KindUnrevoke, func(rows *sql.Rows, r *revocation.Record) error {
		var revoked sql.Null[database.Millis]
		err := rows.Scan(&r.Serial.Day, &r.Serial.Index, &revoked, &r.At)
		if revoked.Valid {
			r.Kind = revocation.KindRevoke
		}
		return err
	}, `SELECT day, idx, revoked_ms, changed_ms FROM credentials c
		WHERE expires_ms > $1 AND EXISTS (SELECT 1 FROM revocations r WHERE r.day = c.day AND r.idx = c.idx)
		ORDER BY changed_ms`+db.ForUpdate, over)
	return records, err
}

// Sessions is what the keyring asks of sessions.
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
func (Sessions) Holders(ctx context.Context, q database.Queries, key tokens.KeyID, from, now database.Millis) (serials []tokens.Serial, err error) {
	err = database.Each(ctx, q, func(rows *sql.Rows) error {
		var serial tokens.Serial
		err := rows.Scan(&serial.Day, &serial.Index)
		serials = append(serials, serial)
		return err
	}, `SELECT DISTINCT c.day, c.idx FROM sessions s JOIN credentials c ON c.application = s.application
		WHERE s.start_ms >= $1 AND s.key_id IN ($2, 0) AND c.revoked_ms IS NULL AND c.expires_ms > $3
		ORDER BY c.day, c.idx`, from, int64(key), now)
	return serials, err
}
