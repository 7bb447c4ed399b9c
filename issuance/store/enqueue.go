package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

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

// insertRows is how many rows one INSERT carries: enough that a round trip is
// shared by many, and few, since what SQLite's driver spends on parameters grows
// with their number squared.
const insertRows = 50

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
	return insertMany(ctx, tx, `INSERT INTO outbox (partition, kind, payload, created_ms)`, rows)
}

// insertMany runs an INSERT with many rows in each statement, since each
// statement costs a round trip.
func insertMany(ctx context.Context, tx *sql.Tx, insert string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), insertRows)
		var text strings.Builder
		var args []any
		text.WriteString(insert + " VALUES ")
		for i, row := range rows[:n] {
			for j := range row {
				lead := ", "
				if j == 0 && i == 0 {
					lead = "("
				} else if j == 0 {
					lead = "), ("
				}
				fmt.Fprintf(&text, "%s$%d", lead, len(args)+j+1)
			}
			args = append(args, row...)
		}
		text.WriteString(")")
		if _, err := tx.ExecContext(ctx, text.String(), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
