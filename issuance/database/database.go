package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// opTimeout bounds every call, its wait for the writer included. A request that
// waited so long has lost its caller.
const opTimeout = 5 * time.Second

// ErrNotFound says that no row is what was asked for.
var ErrNotFound = errors.New("database: no such row")

// DB is an open database. It is safe for many goroutines at once.
type DB struct {
	dialect
	write *sql.DB
	read  *sql.DB // may be the same pool
}

// Open opens the database and brings its schema up to date. address is a
// PostgreSQL address that begins with postgres:// or postgresql://, or else the
// path of an SQLite file, made if it is missing. It refuses a database that a
// newer program has changed, and what Check refuses. now dates the steps of the schema.
func Open(ctx context.Context, address string, now time.Time) (*DB, error) {
	if err := Check(address); err != nil {
		return nil, err
	}
	d := &DB{dialect: sqlite}
	var err error
	if isPostgres(address) {
		d.dialect = postgres
		d.write, err = openPostgres(ctx, address)
		d.read = d.write
	} else {
		d.write, d.read, err = openSQLite(address)
	}
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx, migrations, now); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close ends the connections; what was acknowledged stays.
func (d *DB) Close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Writer is the pool that writes, for tests that stand in its way and for
// backups.
func (d *DB) Writer() *sql.DB { return d.write }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return d.View(ctx, "ping", func(ctx context.Context, q Queries) error {
		return q.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

// Queries is what sql.DB and sql.Tx have in common.
type Queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Change runs f in one transaction: all of it is on disk when Change returns
// nil, and none of it otherwise, unless the commit's own answer was lost. what
// names it in errors.
func (d *DB) Change(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	return d.ChangeWithin(ctx, opTimeout, what, f)
}

// ChangeWithin is Change for what takes longer than a request.
func (d *DB) ChangeWithin(ctx context.Context, bound time.Duration, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	var after []func() // of AfterCommit
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, commitKey{}, &after), bound)
	defer cancel()
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, fault(err))
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(ctx, tx); err != nil {
		return fmt.Errorf("%s: %w", what, fault(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, fault(err))
	}
	for _, f := range after {
		f()
	}
	return nil
}

// Brief is ctx for statements that take microseconds. SQLite's driver starts a
// goroutine for each statement whose context can end, which costs as much as the
// statement. A transaction still ends with its own context, between statements; on
// PostgreSQL, where a statement may wait for a lock, ctx is what it was.
func (d *DB) Brief(ctx context.Context) context.Context {
	if d.Name == sqlite.Name {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// View runs f against what is committed; each statement sees its own moment.
func (d *DB) View(ctx context.Context, what string, f func(ctx context.Context, q Queries) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := f(ctx, d.read); err != nil {
		return fmt.Errorf("%s: %w", what, fault(err))
	}
	return nil
}

// missing gives a row that is not there its one name.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
