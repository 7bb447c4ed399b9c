package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Each runs a query and gives every row to f.
func Each(ctx context.Context, q Queries, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Changed runs a statement and reports how many rows it changed.
func Changed(ctx context.Context, q Queries, query string, args ...any) (int64, error) {
	done, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// insertRows is how many rows one INSERT carries: enough that a round trip is
// shared by many, and few, since what SQLite's driver spends on parameters grows
// with their number squared.
const insertRows = 50

// InsertMany runs an INSERT, given up to its VALUES, with many rows in each
// statement, since each statement costs a round trip.
func InsertMany(ctx context.Context, q Queries, insert string, rows [][]any) error {
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
		if _, err := q.ExecContext(ctx, text.String(), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
