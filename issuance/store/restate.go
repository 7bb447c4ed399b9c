package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// restateTimeout bounds a restatement: it writes a row for every key and every
// credential that was ever revoked and lives, a million at the worst.
const restateTimeout = 4 * time.Minute

// Restate starts a new epoch, above the given one and the present one, and puts
// into the outbox all that gateways must know at now (Unix ms): every announced
// key and the present state of every credential with a revocation in its past.
// What waited keeps its order and goes first; all numbers start over from 1.
func (s *Store) Restate(ctx context.Context, above uint64, now int64) (epoch uint64, err error) {
	err = s.changeWithin(ctx, restateTimeout, "restate", func(ctx context.Context, tx *sql.Tx) error {
		// The partitions' rows are the lock that Take holds, too.
		for _, q := range []string{`UPDATE stream_partitions SET next_seq = 1`, `UPDATE outbox SET seq = NULL`} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		if err := tx.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`).Scan(&epoch); err != nil {
			return err
		}
		epoch = max(epoch, above) + 1
		if _, err := tx.ExecContext(ctx, `UPDATE stream SET epoch = $1 WHERE id = 1`, int64(epoch)); err != nil {
			return err
		}
		records, err := inForce(ctx, tx, now)
		if err != nil {
			return err
		}
		for i := range records {
			if _, err := s.enqueue(ctx, tx, &records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return epoch, err
}

// inForce reads what a gateway that knows nothing must be told.
func inForce(ctx context.Context, tx *sql.Tx, now int64) (records []revocation.Record, err error) {
	err = each(ctx, tx, func(rows *sql.Rows) error {
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
	}, `SELECT id, public, at_ms FROM announced_keys ORDER BY id`)
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, func(rows *sql.Rows) error {
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
		ORDER BY changed_ms`, now)
	return records, err
}

// each runs a query and gives every row to f.
func each(ctx context.Context, tx *sql.Tx, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
