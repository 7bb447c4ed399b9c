package store

import (
	"context"

	"github.com/railgate/railgate/issuance/database"
)

// Newest is the newest row that waits in the outbox, 0 if none does.
func (s *Store) Newest(ctx context.Context) (row int64, err error) {
	err = s.db.View(ctx, "find the newest record", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM outbox`).Scan(&row)
	})
	return row, err
}

// WaitingTo counts the records up to a row of the outbox that the stream does
// not have yet.
func (s *Store) WaitingTo(ctx context.Context, row int64) (n int, err error) {
	err = s.db.View(ctx, "count records", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox WHERE id <= $1`, row).Scan(&n)
	})
	return n, err
}

// Waiting counts the records that the stream does not have yet.
func (s *Store) Waiting(ctx context.Context) (n int, err error) {
	err = s.db.View(ctx, "count records", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox`).Scan(&n)
	})
	return n, err
}
