// Package database opens the issuer's database, keeps its schema up to date and runs
// transactions. The tables belong to other packages (outbox, keyring, credential, account,
// registry, throttle, audit); the schema of all of them is in migrations, so that a database
// has one version number.
//
// It promises: one schema and one set of queries serve SQLite and PostgreSQL; a change that
// [DB.Change] has returned without error survives a crash of the process and of the machine,
// completely or not at all; no call takes longer than its timeout.
//
// It does not encrypt: personal fields arrive encrypted (see vault). Several issuers may
// share a PostgreSQL database. An SQLite file belongs to one issuer; beside it only its
// operator's commands may open the file, on the same machine.
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

// opTimeout bounds every call, including its wait for the writer. The caller of a longer
// request has usually gone.
const opTimeout = 5 * time.Second

// ErrNotFound reports that no row matches.
var ErrNotFound = errors.New("database: no such row")

// ErrUnavailable reports that the database server cannot be reached, is shutting down or
// starting, or lacks resources; the same call may succeed soon. If the answer to a commit was
// lost, it is unknown whether the commit was carried out.
var ErrUnavailable = errors.New("database: not available")

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect
	write *sql.DB
	read  *sql.DB // may be the same pool
}

// Open opens the database and brings its schema up to date. address is a PostgreSQL address
// that begins with postgres:// or postgresql://, or else the path of an SQLite file, which is
// created if it is missing. Open refuses addresses that Check refuses, and a database that a
// newer program has changed. now dates the migrations.
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

// Close ends the connections; acknowledged changes stay.
func (d *DB) Close() error {
	if d.read == d.write {
		return d.write.Close()
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Writer is the pool that writes, for backups and for tests that interfere.
func (d *DB) Writer() *sql.DB { return d.write }

// Queries is what sql.DB and sql.Tx have in common.
type Queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Change runs f in one transaction. All of it is on disk when Change returns nil, and
// nothing otherwise, unless the commit's own answer was lost. what is the prefix of errors.
func (d *DB) Change(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	return d.ChangeWithin(ctx, opTimeout, what, f)
}

// ChangeWithin is Change with another timeout, for changes that take longer than a request.
func (d *DB) ChangeWithin(ctx context.Context, bound time.Duration, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	var after []func() // by AfterCommit
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, commitKey{}, &after), bound)
	defer cancel()
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, classify(err))
	}
	defer tx.Rollback() // no effect after Commit
	if err := f(ctx, tx); err != nil {
		return fmt.Errorf("%s: %w", what, classify(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, classify(err))
	}
	for _, f := range after {
		f()
	}
	return nil
}

type commitKey struct{}

// AfterCommit calls f after the transaction of ctx is committed, in the order of the calls,
// and never if it is not. ctx is the one that Change passes to its function.
func AfterCommit(ctx context.Context, f func()) {
	after, ok := ctx.Value(commitKey{}).(*[]func())
	if !ok {
		panic("BUG: database: AfterCommit outside of Change")
	}
	*after = append(*after, f)
}

// Brief is ctx for statements that take microseconds. SQLite's driver starts a goroutine for
// each statement whose context can end, which costs as much as the statement. The
// transaction still ends with its own context, between statements. On PostgreSQL, where a
// statement may wait for a lock, Brief returns ctx.
func (d *DB) Brief(ctx context.Context) context.Context {
	if d.Name == sqlite.Name {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// View runs f on committed data; each statement sees its own snapshot.
func (d *DB) View(ctx context.Context, what string, f func(ctx context.Context, q Queries) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := f(ctx, d.read); err != nil {
		return fmt.Errorf("%s: %w", what, classify(err))
	}
	return nil
}

// classify turns an error into ErrNotFound, ErrUnavailable around the cause, or itself.
func classify(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case unavailable(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// unavailable reports errors of the connection and of a server that cannot work now. SQLite
// has no server: its errors are faults.
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

// notNow reports the error codes (PostgreSQL, appendix A) of an outage, a restart or a
// failover.
func notNow(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // the server shuts down, has crashed, starts
		"25006": // a standby, or a former primary: it is read-only
		return true
	}
	// Connection errors, too few resources such as connections or disk, and errors of the
	// operating system.
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58")
}

// Read is View for a function with a result; on error the result is the zero value.
func Read[T any](ctx context.Context, d *DB, what string, f func(ctx context.Context, q Queries) (T, error)) (out T, err error) {
	err = d.View(ctx, what, func(ctx context.Context, q Queries) (err error) {
		out, err = f(ctx, q)
		return err
	})
	return orZero(out, err)
}

// Update is Change for a function with a result; on error the result is the zero value.
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

// dialect has the differences between the two databases.
type dialect struct {
	Name string // "sqlite" or "postgres"
	ddl  *strings.Replacer
	// ForUpdate completes a SELECT that locks its rows; empty for SQLite, where a writing
	// transaction runs alone.
	ForUpdate string
	// ForNoKeyUpdate is the same, and does not wait for inserted rows that reference the
	// locked ones.
	ForNoKeyUpdate string
	NowMs          string // an expression: the database clock, Unix milliseconds
	// Exclusive is a statement that serializes transactions; empty for SQLite, where BEGIN
	// does so.
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
