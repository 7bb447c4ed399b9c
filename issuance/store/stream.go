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
		s.epoch = uint64(epoch)
		return nil
	})
}

// Epoch is the moment the database was made, Unix ms.
func (s *Store) Epoch(context.Context) (uint64, error) { return s.epoch, nil }

// Partitions is the number the database was made with.
func (s *Store) Partitions() int { return s.partitions }
