package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// openStream finds the stream's epoch or, in a new database, makes it: Unix
// milliseconds, so that a database that replaces a lost one has a greater one.
func (s *Store) openStream(ctx context.Context, now time.Time) error {
	return s.change(ctx, "open stream", func(ctx context.Context, tx *sql.Tx) error {
		made, err := tx.ExecContext(ctx, `INSERT INTO stream (id, epoch, partitions) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING`,
			now.UnixMilli(), s.partitions)
		if err != nil {
			return err
		}
		if n, err := made.RowsAffected(); err != nil {
			return err
		} else if n == 1 {
			for p := range s.partitions {
				if _, err := tx.ExecContext(ctx, `INSERT INTO stream_partitions (partition, next_seq) VALUES ($1, 1)`, p); err != nil {
					return err
				}
			}
		}
		var epoch int64
		var partitions int
		if err := tx.QueryRowContext(ctx, `SELECT epoch, partitions FROM stream WHERE id = 1`).Scan(&epoch, &partitions); err != nil {
			return err
		}
		if partitions != s.partitions {
			return fmt.Errorf("the database was made for %d partitions and %d are configured: records would change places", partitions, s.partitions)
		}
		return nil
	})
}

// Epoch begins as the moment the database was made, Unix ms; Renumber raises it.
func (s *Store) Epoch(ctx context.Context) (epoch uint64, err error) {
	err = s.view(ctx, "read the epoch", func(ctx context.Context, q queries) error {
		return q.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`).Scan(&epoch)
	})
	return epoch, err
}

// Next is the number that the partition's next unnumbered record would get.
func (s *Store) Next(ctx context.Context, partition int) (next uint64, err error) {
	err = s.view(ctx, "read the next number", func(ctx context.Context, q queries) error {
		return q.QueryRowContext(ctx, `SELECT next_seq FROM stream_partitions WHERE partition = $1`, partition).Scan(&next)
	})
	return next, err
}

// Renumber starts a new epoch, above the given one and the present one. What
// waits in the outbox keeps its order and gets new numbers, from 1.
func (s *Store) Renumber(ctx context.Context, above uint64) (epoch uint64, err error) {
	err = s.change(ctx, "start a new epoch", func(ctx context.Context, tx *sql.Tx) error {
		// The partitions' rows are the lock that Take holds, too.
		if _, err := tx.ExecContext(ctx, `UPDATE stream_partitions SET next_seq = 1`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE outbox SET seq = NULL`); err != nil {
			return err
		}
		var present uint64
		if err := tx.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`+s.dialect.forUpdate).Scan(&present); err != nil {
			return err
		}
		epoch = max(present, above) + 1
		_, err := tx.ExecContext(ctx, `UPDATE stream SET epoch = $1 WHERE id = 1`, int64(epoch))
		return err
	})
	return epoch, err
}

// Partitions is the number the database was made with.
func (s *Store) Partitions() int { return s.partitions }
