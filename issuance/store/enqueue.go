package store

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
)

// enqueue puts a record into the outbox within its cause's transaction.
func (s *Store) enqueue(ctx context.Context, tx *sql.Tx, r *revocation.Record) (row int64, err error) {
	payload, err := encodePayload(r)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO outbox (partition, kind, payload, created_ms) VALUES ($1, $2, $3, $4) RETURNING id`,
		publish.Partition(r, s.partitions), int64(r.Kind), payload, r.At).Scan(&row)
	return row, err
}

// enqueueAll is enqueue for many, in their order.
func (s *Store) enqueueAll(ctx context.Context, tx *sql.Tx, records []revocation.Record) error {
	rows := make([][]any, len(records))
	for i := range records {
		r := &records[i]
		payload, err := encodePayload(r)
		if err != nil {
			return err
		}
		rows[i] = []any{publish.Partition(r, s.partitions), int64(r.Kind), payload, r.At}
	}
	return database.InsertMany(ctx, tx, `INSERT INTO outbox (partition, kind, payload, created_ms)`, rows)
}
