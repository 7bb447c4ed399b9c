package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
)

// A record's payload in the table is its wire form after the time:
// revocation.Record.AppendFields.

var errPayload = errors.New("the payload cannot be decoded")

// Enqueue puts records into the outbox in their order, within the transaction of the change
// that causes them, and wakes the publisher after the commit. tx is of database.DB.Change.
func (o *Outbox) Enqueue(ctx context.Context, tx *sql.Tx, records ...revocation.Record) error {
	rows := make([][]any, 0, len(records))
	wake := make(map[int]bool, 1)
	for i := range records {
		partitions, err := o.place(&records[i], o.partitions)
		if err != nil {
			return err
		}
		for _, partition := range partitions {
			row, err := o.encodeRow(&records[i], partition)
			if err != nil {
				return err
			}
			rows = append(rows, row)
			wake[partition] = true
		}
	}
	if err := database.InsertMany(ctx, tx, `INSERT INTO outbox (partition, kind, payload, created_ms)`, rows); err != nil {
		return err
	}
	for partition := range wake {
		database.AfterCommit(ctx, func() { o.wake(partition) })
	}
	return nil
}

// EnqueueRow is Enqueue for one record of the control stream. It returns the row, for Waits.
func (o *Outbox) EnqueueRow(ctx context.Context, tx *sql.Tx, r revocation.Record) (id int64, err error) {
	partition := publish.Partition(&r, o.partitions)
	row, err := o.encodeRow(&r, partition)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO outbox (partition, kind, payload, created_ms) VALUES ($1, $2, $3, $4) RETURNING id`, row...).Scan(&id)
	if err == nil {
		database.AfterCommit(ctx, func() { o.wake(partition) })
	}
	return id, err
}

// Waits is an SQL condition: the record whose row is in the given column, an id of
// EnqueueRow, has not left the outbox yet.
func Waits(column string) string {
	return `EXISTS (SELECT 1 FROM outbox WHERE outbox.id = ` + column + `)`
}

func (o *Outbox) encodeRow(r *revocation.Record, partition int) (row []any, err error) {
	payload := r.AppendFields(nil)
	if len(payload) == 0 {
		return nil, fmt.Errorf("outbox: kind %d cannot be stored", r.Kind)
	}
	if (r.Kind == revocation.KindBooking) != (o.id == bookings) {
		return nil, fmt.Errorf("outbox: a record of kind %s does not belong to the stream %q", r.Kind, streamNames[o.id])
	}
	return []any{o.base + partition, int64(r.Kind), payload, r.At}, nil
}

// decodePayload decodes a row's payload into a record of its kind.
func decodePayload(r *revocation.Record, payload []byte) error {
	if !r.SetFields(payload) {
		return errPayload
	}
	return nil
}

// TakeRecords drops the records up to and including done, which the stream has, numbers the
// waiting records of the partition and returns the oldest unpublished ones. Row ids are
// given before the commit, so a row may become visible after one with a higher id was
// numbered; it then gets a later number. Numbers do not depend on ids, so none is skipped.
// It fails with publish.ErrEpoch if the epoch is over, and with publish.ErrLease if another
// Outbox has the lease.
func (o *Outbox) TakeRecords(ctx context.Context, epoch uint64, partition int, done uint64, max int) (publish.Pending, error) {
	if idle, next, err := o.idle(ctx, epoch, partition); err != nil || idle {
		return publish.Pending{First: next, Drained: true}, err
	}
	t := &takeCall{epoch: epoch, partition: o.base + partition, done: done, max: max}
	if err := o.runWrite(ctx, o.takeWrite(t)); err != nil {
		return publish.Pending{}, err
	}
	return t.pending, t.refused
}

// takeCall is a call of TakeRecords and its result.
type takeCall struct {
	epoch          uint64
	partition, max int // the partition's number in the tables
	done           uint64
	pending        publish.Pending
	refused        error // the epoch is over, or another Outbox has the lease
}

// takeWrite is the Write of a call. Takes follow all records enqueued in the transaction.
func (o *Outbox) takeWrite(t *takeCall) *Write {
	return &Write{last: 1 + t.partition, Run: func(ctx context.Context, tx *sql.Tx) error {
		t.pending, t.refused = publish.Pending{}, nil
		err := o.takeIn(ctx, tx, t)
		if errors.Is(err, publish.ErrEpoch) || errors.Is(err, publish.ErrLease) {
			t.refused = err
			return nil
		}
		return err
	}}
}

// takeIn runs one call. ErrEpoch and ErrLease are returned before anything is written.
func (o *Outbox) takeIn(ctx context.Context, tx *sql.Tx, t *takeCall) error {
	seq, others, err := o.lockPartition(ctx, tx, t.epoch, t.partition)
	if err == nil && others != 0 {
		err = publish.ErrLease
	}
	if err == nil && t.done > 0 {
		err = dropRecords(ctx, tx, t.partition, t.done)
	}
	if err != nil {
		return err
	}
	next, err := numberRows(ctx, tx, seq, t.partition, t.max)
	if err != nil {
		return err
	}
	p := &t.pending
	if p.Records, p.First, err = readNumbered(ctx, tx, t.partition, t.max, next); err != nil {
		return err
	}
	// Fewer than max are numbered only if no unnumbered row remains.
	if p.Drained = len(p.Records) < t.max; p.Drained {
		return nil
	}
	var rest int
	last := p.First + uint64(t.max) - 1
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (
		SELECT 1 FROM outbox WHERE partition = $1 AND (seq IS NULL OR seq > $2) LIMIT 1) AS rest`, t.partition, int64(last)).Scan(&rest)
	p.Drained = rest == 0
	return err
}

// idle is the usual answer, without a transaction: no record waits.
func (o *Outbox) idle(ctx context.Context, epoch uint64, partition int) (idle bool, next uint64, err error) {
	err = o.db.View(ctx, "look for records", func(ctx context.Context, q database.Queries) error {
		var waiting int
		var seq, present, others int64
		err := q.QueryRowContext(o.db.Brief(ctx), `
			SELECT next_seq, (SELECT epoch FROM stream WHERE id = $3), (`+o.othersLease("$2")+`),
			  (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE outbox.partition = $1 LIMIT 1) AS w)
			FROM stream_partitions WHERE partition = $1`, o.base+partition, o.holder, o.id).Scan(&seq, &present, &others, &waiting)
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

// lockPartition locks the row of a partition, by its number in the tables. The row guards the
// partition's numbers. It returns the next
// number and whether another Outbox has the lease. The owner of the lock sees every row
// committed before, and the epoch cannot change: Republish locks these rows too. Epoch and
// lease are read by a second statement: the first one may answer from before its wait.
func (o *Outbox) lockPartition(ctx context.Context, tx *sql.Tx, epoch uint64, partition int) (seq, others int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT next_seq FROM stream_partitions WHERE partition = $1`+o.db.ForUpdate, partition).Scan(&seq)
	if err != nil {
		return 0, 0, err
	}
	var present int64
	err = tx.QueryRowContext(ctx, `SELECT epoch, (`+o.othersLease("$1")+`) FROM stream WHERE id = $2`, o.holder, o.id).Scan(&present, &others)
	if err == nil && uint64(present) != epoch {
		err = publish.ErrEpoch
	}
	return seq, others, err
}

// numberRows numbers at most max unnumbered rows from seq upwards, the oldest id first, and
// returns the number after them.
func numberRows(ctx context.Context, tx *sql.Tx, seq int64, partition, max int) (next uint64, err error) {
	n, err := database.Changed(ctx, tx, `
		UPDATE outbox SET seq = $1 + waiting.place
		FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place
		      FROM (SELECT id FROM outbox WHERE partition = $2 AND seq IS NULL ORDER BY id LIMIT $3) AS oldest) AS waiting
		WHERE outbox.id = waiting.id`, seq, partition, max)
	if err != nil || n == 0 {
		return uint64(seq), err
	}
	_, err = tx.ExecContext(ctx, `UPDATE stream_partitions SET next_seq = $1 WHERE partition = $2`, seq+n, partition)
	return uint64(seq + n), err
}

// readNumbered reads the oldest numbered rows; first is next if there are none.
func readNumbered(ctx context.Context, tx *sql.Tx, partition, max int, next uint64) (records []revocation.Record, first uint64, err error) {
	first = next
	last := next - 1
	err = database.Each(ctx, tx, func(rows *sql.Rows) error {
		var seq, kind, at int64
		var payload []byte
		if err := rows.Scan(&seq, &kind, &payload, &at); err != nil {
			return err
		}
		if len(records) == 0 {
			first, last = uint64(seq), uint64(seq)-1
		}
		if uint64(seq) != last+1 {
			return fmt.Errorf("outbox of partition %d: number %d follows %d: rows were lost", partition, seq, last)
		}
		last = uint64(seq)
		r := revocation.Record{Kind: revocation.Kind(kind), At: at}
		if err := decodePayload(&r, payload); err != nil {
			return fmt.Errorf("outbox of partition %d, number %d: %w", partition, seq, err)
		}
		records = append(records, r)
		return nil
	}, `SELECT seq, kind, payload, created_ms FROM outbox
		WHERE partition = $1 AND seq IS NOT NULL ORDER BY seq LIMIT $2`, partition, max)
	return records, first, err
}

// MarkPublished drops the partition's records up to and including last, which the stream has;
// the audit log and the revocations table keep their history. It fails with
// publish.ErrEpoch if the epoch is over, and drops nothing: its numbers are reused.
func (o *Outbox) MarkPublished(ctx context.Context, epoch uint64, partition int, last uint64) error {
	return o.db.Change(ctx, "drop published records", func(ctx context.Context, tx *sql.Tx) error {
		if _, _, err := o.lockPartition(ctx, tx, epoch, o.base+partition); err != nil {
			return err
		}
		return dropRecords(ctx, tx, o.base+partition, last)
	})
}

// dropRecords needs the partition's row locked and its epoch checked.
func dropRecords(ctx context.Context, tx *sql.Tx, partition int, last uint64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE partition = $1 AND seq <= $2`, partition, int64(last))
	return err
}

// Place is the state of a partition's numbering: low is the oldest number whose record may
// not be in the stream yet, next the next number.
func (o *Outbox) Place(ctx context.Context, partition int) (low, next uint64, err error) {
	err = o.db.View(ctx, "read the place of numbering", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `
			SELECT COALESCE((SELECT MIN(seq) FROM outbox WHERE outbox.partition = $1), next_seq), next_seq
			FROM stream_partitions WHERE partition = $1`, o.base+partition).Scan(&low, &next)
	})
	return low, next, err
}

// Newest is the newest waiting row, 0 if no record waits.
func (o *Outbox) Newest(ctx context.Context) (row int64, err error) {
	return o.count(ctx, `SELECT COALESCE(MAX(id), 0) FROM outbox WHERE partition BETWEEN $1 AND $2`)
}

// Waiting counts the records that are not in the stream yet.
func (o *Outbox) Waiting(ctx context.Context) (n int64, err error) {
	return o.count(ctx, `SELECT COUNT(*) FROM outbox WHERE partition BETWEEN $1 AND $2`)
}

// WaitingTo counts the records up to and including a row that are not in the stream yet.
func (o *Outbox) WaitingTo(ctx context.Context, row int64) (n int64, err error) {
	return o.count(ctx, `SELECT COUNT(*) FROM outbox WHERE partition BETWEEN $1 AND $2 AND id <= $3`, row)
}

// ownPartitions are the first and the last number of the stream's partitions in the tables.
func (o *Outbox) ownPartitions() []any { return []any{o.base, o.base + MaxPartitions - 1} }

// count runs a query whose first two parameters are ownPartitions.
func (o *Outbox) count(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = o.db.View(ctx, "count records", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, query, append(o.ownPartitions(), args...)...).Scan(&n)
	})
	return n, err
}
