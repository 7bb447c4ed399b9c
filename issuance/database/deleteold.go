package database

import (
	"context"
	"database/sql"
	"time"
)

// DeleteOld deletes the rows of a table whose column is at most until, oldest first, at most
// n in a transaction, until all are gone or ctx ends, and returns how many. The column has
// Unix milliseconds; key names the columns of the primary key. It passes over rows that
// another transaction holds: the next call finds them. Several issuers may call it at once.
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
