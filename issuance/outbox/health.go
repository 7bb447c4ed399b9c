package outbox

import (
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation/publish"
)

// Health is the state of a stream as its database knows it, for every issuer of the database. Times are by
// the database clock, except those of records.
type Health struct {
	Name  string // control or bookings
	Topic string // empty: no publisher has opened the stream yet
	Epoch uint64
	Now   database.Millis
	// LeaseUntil is the end of the publisher lease; 0: no issuer has it. Own: this Outbox has it.
	LeaseUntil database.Millis
	Own        bool
	Partitions []PartitionHealth
}

// PartitionHealth is the state of a partition of a stream.
type PartitionHealth struct {
	Waiting int64 // records that are not in the stream yet
	// Oldest is the earliest time of a waiting record, by the clock of the issuer that accepted it; 0: none
	// waits. A republication enqueues records of earlier times.
	Oldest database.Millis
	// Last is the number of the last record of the epoch that is known to be in the stream; 0: none.
	Last uint64
}

// Health reads the state of the stream.
func (o *Outbox) Health(ctx context.Context) (h Health, err error) {
	h = Health{Name: streamNames[o.id]}
	err = o.db.View(ctx, "read the state of the stream", func(ctx context.Context, q database.Queries) error {
		err := q.QueryRowContext(ctx, `SELECT `+o.db.NowMs+`, epoch, topic FROM stream WHERE id = $1`, o.id).Scan(&h.Now, &h.Epoch, &h.Topic)
		if err != nil {
			return err
		}
		var holder string
		err = q.QueryRowContext(ctx, `SELECT holder, until_ms FROM publisher_lease WHERE id = $1`, o.id).Scan(&holder, &h.LeaseUntil)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if h.LeaseUntil <= h.Now || h.LeaseUntil > h.Now.Add(publish.LeaseTime) { // as in Lead
			h.LeaseUntil = 0
		}
		h.Own = h.LeaseUntil != 0 && holder == o.holder
		h.Partitions, err = database.All(ctx, q, func(rows *sql.Rows, p *PartitionHealth) error {
			var low uint64
			err := rows.Scan(&p.Waiting, &p.Oldest, &low)
			p.Last = low - 1
			return err
		}, `SELECT COUNT(w.id), COALESCE(MIN(w.created_ms), 0), COALESCE(MIN(w.seq), p.next_seq)
			FROM stream_partitions p LEFT JOIN outbox w ON w.partition = p.partition
			WHERE p.partition BETWEEN $1 AND $2 GROUP BY p.partition, p.next_seq ORDER BY p.partition`, o.ownPartitions()...)
		return err
	})
	return h, err
}
