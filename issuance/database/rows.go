package database

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Each runs a query and calls f for every row.
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

// All collects the rows of a query: scan fills an element from a row.
func All[T any](ctx context.Context, q Queries, scan func(rows *sql.Rows, to *T) error, query string, args ...any) (all []T, err error) {
	err = Each(ctx, q, func(rows *sql.Rows) error {
		var one T
		err := scan(rows, &one)
		all = append(all, one)
		return err
	}, query, args...)
	return all, err
}

// Changed runs a statement and reports how many rows it changed.
func Changed(ctx context.Context, q Queries, query string, args ...any) (int64, error) {
	done, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// RowsAtOnce is how many rows one statement inserts. Our choice: many calls share a round
// trip, and the time that SQLite's driver spends on parameters, which grows with the square
// of their number, stays small.
const RowsAtOnce = 50

// Values is the list after VALUES for rows of equal length, and its arguments. types, if
// any, are the SQL types of the columns, for a list outside an INSERT: PostgreSQL takes a
// column's type from the first row. "": text.
func Values(rows [][]any, types ...string) (list string, args []any) {
	var text strings.Builder
	for i, row := range rows {
		lead := "("
		if i > 0 {
			lead = ", ("
		}
		for j := range row {
			place := "$" + strconv.Itoa(len(args)+j+1)
			if i == 0 && j < len(types) && types[j] != "" {
				place = "CAST(" + place + " AS " + types[j] + ")"
			}
			text.WriteString(lead + place)
			lead = ", "
		}
		text.WriteString(")")
		args = append(args, row...)
	}
	return text.String(), args
}

// InsertMany runs an INSERT, given up to its VALUES, with many rows in each statement: each
// statement costs a round trip.
func InsertMany(ctx context.Context, q Queries, insert string, rows [][]any) error {
	for some := range slices.Chunk(rows, RowsAtOnce) {
		list, args := Values(some)
		if _, err := q.ExecContext(ctx, insert+" VALUES "+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// Places is "$1, $2, …" for n arguments.
func Places(n int) string {
	var list strings.Builder
	for i := range n {
		list.WriteString(", $" + strconv.Itoa(i+1))
	}
	return list.String()[2:]
}

// Padded repeats the last argument until their number is a power of two: a statement with a
// list then has few different texts to prepare.
func Padded(args []any) []any {
	n := len(args)
	for n&(n-1) != 0 {
		args = append(args, args[len(args)-1])
		n++
	}
	return args
}

// DeleteOld deletes the rows of a table whose column is at most until, the oldest first, at
// most n in a transaction, until none remain or ctx ends, and returns their number. The
// column has Unix milliseconds; key names the columns of the primary key. Rows that another
// transaction has locked are skipped: the next call finds them. Several issuers may call it
// concurrently.
func (d *DB) DeleteOld(ctx context.Context, table, key, column string, until time.Time, n int) (all int, err error) {
	skip := ""
	if d.ForUpdate != "" {
		skip = d.ForUpdate + " SKIP LOCKED"
	}
	for {
		var deleted int64
		err := d.Change(ctx, "delete old "+table, func(ctx context.Context, tx *sql.Tx) (err error) {
			deleted, err = Changed(ctx, tx, `DELETE FROM `+table+` WHERE (`+key+`) IN (SELECT `+key+` FROM `+table+`
				WHERE `+column+` <= $1 ORDER BY `+column+` LIMIT $2`+skip+`)`, until.UnixMilli(), n)
			return err
		})
		if err != nil {
			return all, err
		}
		if all += int(deleted); deleted < int64(n) {
			return all, nil
		}
	}
}

// Millis is a time as stored: Unix milliseconds.
type Millis int64

// MillisAt is t in Unix milliseconds, truncated.
func MillisAt(t time.Time) Millis { return Millis(t.UnixMilli()) }

// SecondsAt is the Millis of a time in Unix seconds, as in tokens.
func SecondsAt(unix int64) Millis { return Millis(unix * 1000) }

// Time is m as a time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Seconds is m in Unix seconds, truncated.
func (m Millis) Seconds() int64 { return int64(m) / 1000 }

// Add is m plus d.
func (m Millis) Add(d time.Duration) Millis { return m + Millis(d.Milliseconds()) }

// String is m in RFC 3339 with seconds, in UTC, as in audit entries and log lines.
func (m Millis) String() string { return m.Time().Format(time.RFC3339) }
