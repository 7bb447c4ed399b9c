package book

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

// sweepBatch is how many rows one transaction of Sweep deletes.
const sweepBatch = 500

// Swept is what a Sweep deleted.
type Swept struct {
	Tickets    int // TicketKept after their journey
	Identities int // of closed accounts, that are free again
}

// Sweep deletes what has done its duty, in small transactions, until all is done
// or ctx ends. Several issuers may sweep at once.
func (b *Book) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	swept.Tickets, err = b.sweep(ctx, "tickets", "reference", "ends_ms", now.Add(-TicketKept))
	if err == nil {
		swept.Identities, err = b.sweep(ctx, "identities", "person", "until_ms", now)
	}
	return swept, err
}

// sweep passes over rows that somebody holds: the next one finds them.
func (b *Book) sweep(ctx context.Context, table, key, column string, until time.Time) (all int, err error) {
	skip := ""
	if b.Database.ForUpdate != "" {
		skip = b.Database.ForUpdate + " SKIP LOCKED"
	}
	for {
		var n int64
		err := b.Database.Change(ctx, "sweep "+table, func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = database.Changed(ctx, tx, `DELETE FROM `+table+` WHERE `+key+` IN (SELECT `+key+` FROM `+table+`
				WHERE `+column+` <= $1 ORDER BY `+column+` LIMIT $2`+skip+`)`, until.UnixMilli(), sweepBatch)
			return err
		})
		if err != nil {
			return all, err
		}
		if all += int(n); n < sweepBatch {
			return all, nil
		}
	}
}
