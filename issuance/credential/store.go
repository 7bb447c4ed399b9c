package credential

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
)

// Store keeps applications, checks, credentials, sessions and revocations in the
// issuer's database, and judges what must be judged under a lock. It does not encrypt:
// personal fields arrive sealed (see vault). It reads no clock: callers pass in the time.
// It is safe for many goroutines at once.
type Store struct {
	db      *database.DB
	outbox  *outbox.Outbox
	trail   *audit.Trail // nil: what belongs into the audit log is refused
	serials *serialBlocks

	// calls that arrive together share a transaction, each kind with its own
	submissions *database.Group[pendingWrite[Application]]
	passed      *database.Group[pendingWrite[Check]]
	openings    *database.Group[pendingWrite[opening]]
	// and those that ask share a question
	lookups  *database.Group[lookup]
	viewings *database.Group[lookup]
}

// NewStore makes a Store on an outbox's database.
func NewStore(box *outbox.Outbox, trail *audit.Trail) *Store {
	db := box.Database()
	s := &Store{db: db, outbox: box, trail: trail, serials: newSerials(db)}
	s.submissions = together(db, s.insertApplications)
	s.passed = together(db, s.insertPassed)
	s.openings = together(db, s.openAll)
	s.lookups, s.viewings = database.NewGroup(s.lookUpAll), database.NewGroup(s.viewAll)
	return s
}

// pendingWrite is a call that shares a transaction with others of its kind.
type pendingWrite[T any] struct {
	row     T
	refused error // nothing was written for this call, and the others are not concerned
}

// together groups calls whose rows are written in one transaction. A transaction that
// the database refuses is tried again call by call, so that none suffers for another,
// unless it may have been committed.
func together[T any](db *database.DB, write func(ctx context.Context, tx *sql.Tx, calls []*pendingWrite[T]) error) *database.Group[pendingWrite[T]] {
	return database.NewGroup(func(ctx context.Context, calls []*pendingWrite[T]) error {
		committing := false
		err := db.Change(ctx, "write together", func(ctx context.Context, tx *sql.Tx) error {
			err := write(ctx, tx, calls)
			committing = err == nil
			return err
		})
		if err == nil || committing || len(calls) == 1 {
			return err
		}
		for _, c := range calls {
			c.refused = db.Change(ctx, "write alone", func(ctx context.Context, tx *sql.Tx) error {
				c.refused = nil
				if err := write(ctx, tx, []*pendingWrite[T]{c}); err != nil {
					return err
				}
				return c.refused
			})
		}
		return nil
	})
}

// do has one row written in its group.
func do[T any](ctx context.Context, g *database.Group[pendingWrite[T]], row T) error {
	c := &pendingWrite[T]{row: row}
	if err := g.Do(ctx, c); err != nil {
		return err
	}
	return c.refused
}

// rowsOf are the rows of calls, for database.InsertMany.
func rowsOf[T any](calls []*pendingWrite[T], row func(*T) []any) [][]any {
	rows := make([][]any, len(calls))
	for i, c := range calls {
		rows[i] = row(&c.row)
	}
	return rows
}
