package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

// openStream finds the stream's epoch or, in a new database, makes it: Unix
// milliseconds, so that a database that replaces a lost one has a greater one. It
// notes the topic in a database that has none, and refuses another stream than
// the database's.
func (s *Store) openStream(ctx context.Context, now time.Time) error {
	return s.db.Change(ctx, "open stream", func(ctx context.Context, tx *sql.Tx) error {
		made, err := tx.ExecContext(ctx, `INSERT INTO stream (id, epoch, partitions, topic) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING`,
			now.UnixMilli(), s.partitions, s.topic)
		if err != nil {
			return err
		}
		if n, err := made.RowsAffected(); err != nil {
			return err
		} else if n == 1 {
			if err := s.makePartitions(ctx, tx); err != nil {
				return err
			}
		}
		if s.topic != "" { // of a database from before topics were noted
			if _, err := tx.ExecContext(ctx, `UPDATE stream SET topic = $1 WHERE id = 1 AND topic = ''`, s.topic); err != nil {
				return err
			}
		}
		_, err = s.stream(ctx, tx)
		return err
	})
}

func (s *Store) makePartitions(ctx context.Context, tx *sql.Tx) error {
	for p := range s.partitions {
		if _, err := tx.ExecContext(ctx, `INSERT INTO stream_partitions (partition, next_seq) VALUES ($1, 1)`, p); err != nil {
			return err
		}
	}
	return nil
}

// stream reads the epoch. A database that belongs to another stream than the
// settings name is publish.ErrOtherStream.
func (s *Store) stream(ctx context.Context, q database.Queries) (epoch uint64, err error) {
	var topic string
	var partitions int
	if err := q.QueryRowContext(ctx, `SELECT epoch, topic, partitions FROM stream WHERE id = 1`).Scan(&epoch, &topic, &partitions); err != nil {
		return 0, err
	}
	if topic == "" || s.topic == "" {
		topic = s.topic
	}
	if topic != s.topic || partitions != s.partitions {
		return 0, fmt.Errorf("%w: topic %q with %d partitions; the settings name %q with %d. Correct kafka.topic and kafka.partitions, or move the stream on purpose with -move-stream",
			publish.ErrOtherStream, topic, partitions, s.topic, s.partitions)
	}
	return epoch, nil
}

// Epoch begins as the moment the database was made, Unix ms; Restate and
// MoveStream raise it.
func (s *Store) Epoch(ctx context.Context) (epoch uint64, err error) {
	err = s.db.View(ctx, "read the epoch", func(ctx context.Context, q database.Queries) error {
		epoch, err = s.stream(ctx, q)
		return err
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

// PartitionOf is the partition of a serial's records.
func (s *Store) PartitionOf(serial tokens.Serial) int {
	return publish.Partition(&revocation.Record{Kind: revocation.KindRevoke, Serial: serial}, s.partitions)
}
