package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/revocation/publish"
)

// ErrPublishing says that an issuer has the publisher's lease.
var ErrPublishing = errors.New("store: an issuer publishes from this database, or did so seconds ago: stop every issuer first")

// MoveStream makes the settings' topic and partitions those of the database, on a
// person's order, and says everything in force again in a new epoch: the new topic
// must hold all that the old one did. No issuer may run meanwhile: one that does
// is ErrPublishing. Records that wait keep their order; those of credentials and of closed sessions, which
// may change their partition, are said again as they stand now.
func (s *Store) MoveStream(ctx context.Context, who string, now int64) (epoch uint64, err error) {
	err = s.db.ChangeWithin(ctx, restateTimeout, "move the stream", func(ctx context.Context, tx *sql.Tx) error {
		var publishing int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM publisher_lease WHERE until_ms > `+s.db.NowMs+` AND until_ms <= `+s.db.NowMs+` + $1`,
			publish.LeaseTime.Milliseconds()).Scan(&publishing)
		if err != nil {
			return err
		}
		if publishing != 0 {
			return ErrPublishing
		}
		done, err := tx.ExecContext(ctx, `UPDATE stream SET topic = $1, partitions = $2 WHERE id = 1`, s.topic, s.partitions)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errors.New("the database has no stream yet: the first issuer that starts makes it"))
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM stream_partitions`); err != nil {
			return err
		}
		if err := s.makePartitions(ctx, tx); err != nil {
			return err
		}
		epoch, err = s.restateIn(ctx, tx, uint64(now), now, who, "to another topic or number of partitions, ")
		return err
	})
	return epoch, err
}
