package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/railgate/railgate/tokens"
)

// Write is a short transaction that enqueues a record, or in which a publisher takes
// records. Both cost less than their commit.
type Write struct {
	// Serial is of the credential whose row Run locks first.
	Serial tokens.Serial
	// Run may run twice: it starts over each time. What it refuses without having
	// written anything is no error here: an error undoes what shares the transaction.
	Run func(ctx context.Context, tx *sql.Tx) error

	last int   // 1 + the partition of a publisher's
	err  error // why it failed alone, while others did not
}

// maxConcurrentWrites is how many of PostgreSQL's connections writes use at a time, half
// of them: the publisher, which waits in the same queue, must find one.
const maxConcurrentWrites = 8

// Do carries out a write.
func (o *Outbox) Do(ctx context.Context, w *Write) error {
	if o.db.Name != "sqlite" {
		select {
		case o.writing <- struct{}{}:
			defer func() { <-o.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return o.do(ctx, w)
}

// do is Do for publishers, too. On SQLite, which has one writer, calls that wait share a
// transaction; what is revoked in it is then numbered in it, too. PostgreSQL runs
// transactions side by side and shares their writes to disk itself: on one connection
// calls would only wait for each other's round trips.
func (o *Outbox) do(ctx context.Context, w *Write) (err error) {
	if o.db.Name == "sqlite" {
		err = o.writes.Do(ctx, w)
	} else {
		err = o.Batch(ctx, []*Write{w})
	}
	if err != nil {
		return err // and w.err may be written yet
	}
	return w.err
}

// Batch carries out many writes in one transaction, publishers' last. A
// transaction that the database refuses is tried again write by write, so that none
// suffers for another, unless it may have been committed.
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

// runTogether is one transaction. committed: it may be on disk even though err is not nil.
func (o *Outbox) runTogether(ctx context.Context, writes []*Write) (committed bool, err error) {
	// In one order of rows, so that two issuers do not wait for each other.
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
