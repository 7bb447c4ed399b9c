package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// restateTimeout bounds a restatement: it writes a row for every key, every closed
// session that could still be shown and every credential that was ever revoked and
// lives, a million at the worst.
const restateTimeout = 4 * time.Minute

// Restate starts a new epoch, above the given one and the present one, and puts
// into the outbox all that gateways must know at now (Unix ms): every announced
// key that is not retired, what is rescued from its cut-off and the cut-off, the
// cut-offs of subjects, the closed sessions that could still be shown, and the present
// state of every credential with a revocation in its past, each once. What else waited keeps its order and goes first; all numbers start over
// from 1.
func (s *Store) Restate(ctx context.Context, above uint64, now int64) (epoch uint64, err error) {
	return s.restate(ctx, above, now, "")
}

// OrderRestatement is Restate on a person's order: after database and log came
// back from a backup together, which nothing here can notice. The epoch rises
// above now, and with that above all that was begun since the backup.
func (s *Store) OrderRestatement(ctx context.Context, who string, now int64) (epoch uint64, err error) {
	return s.restate(ctx, uint64(now), now, who)
}

func (s *Store) restate(ctx context.Context, above uint64, now int64, who string) (epoch uint64, err error) {
	err = s.db.ChangeWithin(ctx, restateTimeout, "restate", func(ctx context.Context, tx *sql.Tx) error {
		epoch, err = s.restateIn(ctx, tx, above, now, who, "")
		return err
	})
	return epoch, err
}

// restateIn is restate within a transaction; why goes to the audit log with who.
func (s *Store) restateIn(ctx context.Context, tx *sql.Tx, above uint64, now int64, who, why string) (epoch uint64, err error) {
	// The partitions' rows are the lock that Take holds, too.
	for _, q := range []string{`UPDATE stream_partitions SET next_seq = 1`, `UPDATE outbox SET seq = NULL`} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return 0, err
		}
	}
	// What waited about credentials is published again in its present state, and so are
	// closed sessions, whose partition may be another now. Left in
	// front, a lift and the revocation after it, which gateways may have
	// already, would pass by once more, and for a moment the lift would count.
	waiting, err := waitingClosings(ctx, tx, now)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE kind IN ($1, $2, $3)`,
		int64(revocation.KindRevoke), int64(revocation.KindUnrevoke), int64(revocation.KindRevokeSession)); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`).Scan(&epoch); err != nil {
		return 0, err
	}
	epoch = max(epoch, above) + 1
	if _, err := tx.ExecContext(ctx, `UPDATE stream SET epoch = $1 WHERE id = 1`, int64(epoch)); err != nil {
		return 0, err
	}
	records, err := s.inForce(ctx, tx, now)
	if err != nil {
		return 0, err
	}
	if who != "" {
		err := s.order(ctx, tx, audit.Entry{AtMs: now, Who: who, Action: staff.Restate,
			Object: audit.Object{Kind: audit.Stream, ID: "control"}, Detail: fmt.Sprintf("%sepoch %d", why, epoch)})
		if err != nil {
			return 0, err
		}
	}
	return epoch, s.enqueueAll(ctx, tx, append(records, waiting...))
}

// inForce reads what a gateway that knows nothing must be told: keys before what
// is said of them, rescues before the cut-off they are from. A retired key is left
// out, but not one that is cut off: a gateway that remembers the key, and may have
// missed the cut-off, must hear of it, and no other can make sense of it alone. What is over is said
// for as long as gateways keep it.
func (s *Store) inForce(ctx context.Context, tx *sql.Tx, now int64) (records []revocation.Record, err error) {
	closed, err := closedSessions(ctx, tx, now) // of all that is over, sessions alone are not said: they are many
	if err != nil {
		return nil, err
	}
	now -= revocation.Afterlife.Milliseconds()
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		r := revocation.Record{Kind: revocation.KindAnnounceKey}
		var id int64
		var public []byte
		if err := rows.Scan(&id, &public, &r.At); err != nil {
			return err
		}
		if len(public) != tokens.PublicKeySize {
			return errPayload
		}
		r.Key, r.Public = tokens.KeyID(id), [tokens.PublicKeySize]byte(public)
		records = append(records, r)
		return nil
	}, `SELECT id, public, at_ms FROM announced_keys
		WHERE id NOT IN (SELECT id FROM issuer_keys WHERE retired_ms IS NOT NULL) OR id IN (SELECT key_id FROM key_cutoffs) ORDER BY id`)
	if err != nil {
		return nil, err
	}
	cuts, err := cutOffs(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	records = slices.Concat(records, cuts, closed)
	// The lock waits for a change that is under way: it has put its record into the
	// outbox already, and the state from before must not be said behind it.
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		r := revocation.Record{Kind: revocation.KindUnrevoke}
		var day, index int64
		var revoked sql.NullInt64
		if err := rows.Scan(&day, &index, &revoked, &r.At); err != nil {
			return err
		}
		if revoked.Valid {
			r.Kind = revocation.KindRevoke
		}
		r.Serial = tokens.Serial{Day: uint16(day), Index: uint32(index)}
		records = append(records, r)
		return nil
	}, `SELECT day, idx, revoked_ms, changed_ms FROM credentials c
		WHERE expires_ms > $1 AND EXISTS (SELECT 1 FROM revocations r WHERE r.day = c.day AND r.idx = c.idx)
		ORDER BY changed_ms`+s.db.ForUpdate, now)
	return records, err
}

// cutOffs reads what is said of keys and subjects and still matters at now.
func cutOffs(ctx context.Context, tx *sql.Tx, now int64) (records []revocation.Record, err error) {
	read := func(kind revocation.Kind, query string, args ...any) error {
		return database.Each(ctx, tx, func(rows *sql.Rows) error {
			r := revocation.Record{Kind: kind}
			var subject []byte
			var err error
			switch kind {
			case revocation.KindRescue:
				err = rows.Scan(&r.Key, &r.Serial.Day, &r.Serial.Index, &r.At)
			case revocation.KindRetireKey:
				err = rows.Scan(&r.Key, &r.CutOff, &r.At)
			default:
				if err = rows.Scan(&subject, &r.CutOff, &r.At); err == nil && len(subject) != len(r.Subject) {
					err = errPayload
				}
				copy(r.Subject[:], subject)
			}
			records = append(records, r)
			return err
		}, query, args...)
	}
	err = errors.Join(
		read(revocation.KindRescue, `SELECT key_id, day, idx, at_ms FROM rescued WHERE day >= $1 ORDER BY key_id, day, idx`, firstLiving(now)),
		read(revocation.KindRetireKey, `SELECT key_id, cut_off, at_ms FROM key_cutoffs ORDER BY key_id`),
		read(revocation.KindRevokeSubject, `SELECT subject, cut_off, at_ms FROM subject_cutoffs WHERE cut_off * 1000 > $1 ORDER BY subject`, now-sessionOver))
	return records, err
}
