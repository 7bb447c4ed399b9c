package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/railgate/railgate/tokens"
)

// Write is a short transaction in which a caller enqueues a record or a publisher takes
// records. Either costs less than its commit.
type Write struct {
	// Serial is that of the credential whose row Run locks first.
	Serial tokens.Serial
	// Run may be called twice and then starts over. A refusal before anything was written
	// is not an error here: an error undoes all writes of the transaction.
	Run func(ctx context.Context, tx *sql.Tx) error

	last int   // 1 + the partition, for a publisher's write
	err  error // why this write failed, while others did not
}

// maxConcurrentWrites is how many of PostgreSQL's connections writes use concurrently:
// half of them, since the publisher waits for connections in the same queue.
const maxConcurrentWrites = 8

// Do runs a write.
func (o *Outbox) Do(ctx context.Context, w *Write) error {
	if o.db.Name != "sqlite" {
		select {
		case o.writing <- struct{}{}:
			defer func() { <-o.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return o.runWrite(ctx, w)
}

// runWrite is Do for publishers too. On SQLite, which has one writer, waiting calls share a
// transaction; records enqueued in it are also numbered in it. PostgreSQL runs
// transactions concurrently and groups their disk writes itself: on one connection calls
// would only wait for each other's round trips.
func (o *Outbox) runWrite(ctx context.Context, w *Write) (err error) {
	if o.db.Name == "sqlite" {
		err = o.writes.Do(ctx, w)
	} else {
		err = o.Batch(ctx, []*Write{w})
	}
	if err != nil {
		return err // w.err may still be written
	}
	return w.err
}

// Batch runs many writes in one transaction, publishers' last. If the database refuses the
// transaction, each write is retried in its own one, so that no write fails because of
// another. A transaction that may have been committed is not retried.
func (o *Outbox) Batch(ctx context.Context, writes []*Write) error {
	committed, err := o.runTogether(ctx, writes)
	if err == nil || committed || len(writes) == 1 {
		return err
	}
	for _, w := range writes {
		_, w.err = o.runTogether(ctx, []*Write{w})
	}
	return nil
}

// runTogether is one transaction. committed: it may be on disk although err is not nil.
func (o *Outbox) runTogether(ctx context.Context, writes []*Write) (committed bool, err error) {
	// Rows are locked in one order, so that two issuers do not deadlock.
	writes = slices.SortedStableFunc(slices.Values(writes), func(a, b *Write) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.Serial.Day, b.Serial.Day), cmp.Compare(a.Serial.Index, b.Serial.Index))
	})
	err = o.db.Change(ctx, "revoke and take", func(ctx context.Context, tx *sql.Tx) error {
		ctx = o.db.Brief(ctx)
		for _, w := range writes {
			if err := w.Run(ctx, tx); err != nil {
				return err
			}
		}
		committed = true
		return nil
	})
	return committed, err
}
