package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
)

var _ publish.Outbox = (*Store)(nil)

// Take drops the records up to and including done, which the stream has, numbers
// what waits for the partition and returns the oldest unpublished
// records. Row ids are given before commit, so a row may become visible after
// one with a higher id was numbered; it then simply gets a later number. No
// number is tied to an id, hence none can be skipped. An epoch that is over is
// publish.ErrEpoch, and a lease that another has publish.ErrLease.
func (s *Store) Take(ctx context.Context, epoch uint64, partition int, done uint64, max int) (p publish.Pending, err error) {
	if idle, next, err := s.idle(ctx, epoch, partition); err != nil || idle {
		return publish.Pending{First: next, Drained: true}, err
	}
	call := &taking{epoch: epoch, partition: partition, done: done, max: max}
	if err := s.do(ctx, &streamed{take: call}); err != nil {
		return p, err
	}
	return call.pending, call.refused
}

// taking is a call of Take and what became of it.
type taking struct {
	epoch          uint64
	partition, max int
	done           uint64
	pending        publish.Pending
	refused        error // the epoch is over, or the lease another's
}

// takeIn is one call. ErrEpoch and ErrLease come before anything is written.
func (s *Store) takeIn(ctx context.Context, tx *sql.Tx, c *taking) error {
	seq, others, err := s.locked(ctx, tx, c.epoch, c.partition)
	if err == nil && others != 0 {
		err = publish.ErrLease
	}
	if err == nil && c.done > 0 {
		err = drop(ctx, tx, c.partition, c.done)
	}
	if err != nil {
		return err
	}
	next, err := number(ctx, tx, seq, c.partition, c.max)
	if err != nil {
		return err
	}
	p := &c.pending
	if p.Records, p.First, err = numbered(ctx, tx, c.partition, c.max, next); err != nil {
		return err
	}
	// Fewer than max have a number only if all that had none got one.
	if p.Drained = len(p.Records) < c.max; p.Drained {
		return nil
	}
	var rest int
	last := p.First + uint64(c.max) - 1
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (
		SELECT 1 FROM outbox WHERE partition = $1 AND (seq IS NULL OR seq > $2) LIMIT 1) AS rest`, c.partition, int64(last)).Scan(&rest)
	p.Drained = rest == 0
	return err
}

// idle is the usual answer and costs no transaction: nothing waits.
func (s *Store) idle(ctx context.Context, epoch uint64, partition int) (idle bool, next uint64, err error) {
	err = s.db.View(ctx, "look for records", func(ctx context.Context, q database.Queries) error {
		var waiting int
		var seq, present, others int64
		err := q.QueryRowContext(s.db.Brief(ctx), `
			SELECT next_seq, (SELECT epoch FROM stream WHERE id = 1), (`+s.othersLease("$2")+`),
			  (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE outbox.partition = $1 LIMIT 1) AS w)
			FROM stream_partitions WHERE partition = $1`, partition, s.holder).Scan(&seq, &present, &others, &waiting)
		switch {
		case err != nil:
			return err
		case uint64(present) != epoch:
			return publish.ErrEpoch
		case others != 0:
			return publish.ErrLease
		}
		idle, next = waiting == 0, uint64(seq)
		return nil
	})
	return idle, next, err
}

// locked takes the partition's row, which is the lock of its numbers, and
// returns the next one, and whether another has the lease. The holder of the lock
// sees every row committed before, and the epoch stays as it is: Restate takes
// these rows, too. Epoch and lease are a question of their own, since one
// statement might answer from before it had to wait.
func (s *Store) locked(ctx context.Context, tx *sql.Tx, epoch uint64, partition int) (seq, others int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT next_seq FROM stream_partitions WHERE partition = $1`+s.db.ForUpdate, partition).Scan(&seq)
	if err != nil {
		return 0, 0, err
	}
	var present int64
	err = tx.QueryRowContext(ctx, `SELECT epoch, (`+s.othersLease("$1")+`) FROM stream WHERE id = 1`, s.holder).Scan(&present, &others)
	if err == nil && uint64(present) != epoch {
		err = publish.ErrEpoch
	}
	return seq, others, err
}

// number gives the numbers from seq on to at most max unnumbered rows, oldest id
// first, and returns the number after them.
func number(ctx context.Context, tx *sql.Tx, seq int64, partition, max int) (next uint64, err error) {
	given, err := tx.ExecContext(ctx, `
		UPDATE outbox SET seq = $1 + waiting.place
		FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place
		      FROM (SELECT id FROM outbox WHERE partition = $2 AND seq IS NULL ORDER BY id LIMIT $3) AS oldest) AS waiting
		WHERE outbox.id = waiting.id`, seq, partition, max)
	if err != nil {
		return 0, err
	}
	n, err := given.RowsAffected()
	if err != nil || n == 0 {
		return uint64(seq), err
	}
	_, err = tx.ExecContext(ctx, `UPDATE stream_partitions SET next_seq = $1 WHERE partition = $2`, seq+n, partition)
	return uint64(seq + n), err
}

// numbered reads the oldest numbered rows; first is next when there are none.
func numbered(ctx context.Context, tx *sql.Tx, partition, max int, next uint64) (records []revocation.Record, first uint64, err error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT seq, kind, payload, created_ms FROM outbox
		WHERE partition = $1 AND seq IS NOT NULL ORDER BY seq LIMIT $2`, partition, max)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	first = next
	last := next - 1
	for rows.Next() {
		var seq, kind, at int64
		var payload []byte
		if err := rows.Scan(&seq, &kind, &payload, &at); err != nil {
			return nil, 0, err
		}
		if len(records) == 0 {
			first, last = uint64(seq), uint64(seq)-1
		}
		if uint64(seq) != last+1 {
			return nil, 0, fmt.Errorf("outbox of partition %d: number %d follows %d: rows were lost", partition, seq, last)
		}
		last = uint64(seq)
		r, err := decodePayload(revocation.Kind(kind), payload)
		if err != nil {
			return nil, 0, fmt.Errorf("outbox of partition %d, number %d: %w", partition, seq, err)
		}
		r.At = at
		records = append(records, r)
	}
	return records, first, rows.Err()
}

// Published drops the partition's records up to and including last: the stream
// has them, and revocations keeps what audit needs. An epoch that is over is
// publish.ErrEpoch, and nothing is dropped: its numbers mean other records now.
func (s *Store) Published(ctx context.Context, epoch uint64, partition int, last uint64) error {
	return s.db.Change(ctx, "drop published records", func(ctx context.Context, tx *sql.Tx) error {
		return s.published(ctx, tx, epoch, partition, last)
	})
}

func (s *Store) published(ctx context.Context, tx *sql.Tx, epoch uint64, partition int, last uint64) error {
	if _, _, err := s.locked(ctx, tx, epoch, partition); err != nil {
		return err
	}
	return drop(ctx, tx, partition, last)
}

// drop is called with the partition's row locked and its epoch checked.
func drop(ctx context.Context, tx *sql.Tx, partition int, last uint64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE partition = $1 AND seq <= $2`, partition, int64(last))
	return err
}
