package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

// openStream finds the stream's epoch or, in a new database, makes it: Unix
// milliseconds, so that a database that replaces a lost one has a greater one.
func (s *Store) openStream(ctx context.Context, now time.Time) error {
	return s.db.Change(ctx, "open stream", func(ctx context.Context, tx *sql.Tx) error {
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

// Epoch begins as the moment the database was made, Unix ms; Restate raises it.
func (s *Store) Epoch(ctx context.Context) (epoch uint64, err error) {
	err = s.db.View(ctx, "read the epoch", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`).Scan(&epoch)
	})
	return epoch, err
}

// Place tells where a partition's numbering stands: low is the oldest number
// whose record may not be in the stream yet, next the one to be given next.
func (s *Store) Place(ctx context.Context, partition int) (low, next uint64, err error) {
	err = s.db.View(ctx, "read the place of numbering", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `
			SELECT COALESCE((SELECT MIN(seq) FROM outbox WHERE outbox.partition = $1), next_seq), next_seq
			FROM stream_partitions WHERE partition = $1`, partition).Scan(&low, &next)
	})
	return low, next, err
}

// Partitions is the number the database was made with.
func (s *Store) Partitions() int { return s.partitions }
