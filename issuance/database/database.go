// Package database is the issuer's database as a place: opening it, its schema, and
// transactions. What is in the tables belongs to the packages that ask (outbox, keyring,
// credential, account, registry, throttle, audit); the schema of all is in migrations,
// so that one database has one number.
//
// It promises: one schema and one set of queries serve SQLite and PostgreSQL;
// what Change has returned without error survives a crash of the process and of
// the machine, whole or not at all; no call outlasts its bound.
//
// It does not encrypt: personal fields arrive sealed (see vault). Several issuers
// may share a PostgreSQL database; an SQLite file belongs to one issuer, beside
// which only its operator's commands may open it, on the same machine.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// opTimeout bounds every call, its wait for the writer included. A request that
// waited so long has lost its caller.
const opTimeout = 5 * time.Second

// ErrNotFound says that no row is what was asked for.
var ErrNotFound = errors.New("database: no such row")

// ErrUnavailable says that the database server cannot be reached, ends, or takes no
// work now: the same call may succeed in a moment. Whether a commit whose answer was
// lost was carried out is not known.
var ErrUnavailable = errors.New("database: not available")

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
	if IsPostgres(address) {
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

type commitKey struct{}

// AfterCommit has f called when the transaction of ctx is committed, in the order of
// the calls; never if it is not. ctx is the one that Change gives its function.
func AfterCommit(ctx context.Context, f func()) {
	after, ok := ctx.Value(commitKey{}).(*[]func())
	if !ok {
		panic("BUG: database: AfterCommit outside of Change")
	}
	*after = append(*after, f)
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

// fault names what went wrong: ErrNotFound, ErrUnavailable around the cause, or the
// error itself.
func fault(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case unavailable(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// unavailable reports errors of the connection, and those with which a server says
// that it cannot work now. SQLite has no server: its errors are faults.
func unavailable(err error) bool {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return notNow(server.Code)
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err != nil && pgconn.SafeToRetry(err)
}

// notNow reports the codes (PostgreSQL, appendix A) that an outage, a restart or a
// fail-over brings with it.
func notNow(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // the server ends, has crashed, starts
		"25006": // a standby, or a primary that became one: it takes no writes
		return true
	}
	// Connection errors, too little of a resource such as connections or disk, and
	// errors of the system below.
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58")
}

// Read is View for a function with a result; with an error it is the zero value.
func Read[T any](ctx context.Context, d *DB, what string, f func(ctx context.Context, q Queries) (T, error)) (out T, err error) {
	err = d.View(ctx, what, func(ctx context.Context, q Queries) (err error) {
		out, err = f(ctx, q)
		return err
	})
	return orZero(out, err)
}

// Update is Change for a function with a result; with an error it is the zero value.
func Update[T any](ctx context.Context, d *DB, what string, f func(ctx context.Context, tx *sql.Tx) (T, error)) (out T, err error) {
	err = d.Change(ctx, what, func(ctx context.Context, tx *sql.Tx) (err error) {
		out, err = f(ctx, tx)
		return err
	})
	return orZero(out, err)
}

func orZero[T any](out T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// dialect is all that differs between the two databases.
type dialect struct {
	Name string // "sqlite" or "postgres"
	ddl  *strings.Replacer
	// ForUpdate completes a SELECT that locks its rows; empty where a transaction
	// that writes is alone anyway.
	ForUpdate string
	// ForNoKeyUpdate is the same, and does not wait for rows that are inserted with a
	// reference to these.
	ForNoKeyUpdate string
	NowMs          string // an expression: the database's clock, Unix milliseconds
	// Exclusive is a statement that makes transactions take turns; empty where
	// BEGIN does so.
	Exclusive string
}

var sqlite = dialect{
	Name: "sqlite",
	ddl: strings.NewReplacer("{{int}}", "INTEGER", "{{bigint}}", "INTEGER", "{{blob}}", "BLOB",
		"{{autoid}}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{{table}}", " STRICT"),
	NowMs: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
}

var postgres = dialect{
	Name: "postgres",
	ddl: strings.NewReplacer("{{int}}", "INTEGER", "{{bigint}}", "BIGINT", "{{blob}}", "BYTEA",
		"{{autoid}}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "{{table}}", ""),
	ForUpdate:      " FOR UPDATE",
	ForNoKeyUpdate: " FOR NO KEY UPDATE",
	NowMs:          "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
	Exclusive:      "SELECT pg_advisory_xact_lock(8241984707376542821)", // "railgate" in ASCII
}

// ForUpdateOf is ForUpdate for one of the tables that a SELECT joins.
func (d dialect) ForUpdateOf(table string) string {
	if d.ForUpdate == "" {
		return ""
	}
	return d.ForUpdate + " OF " + table
}
