package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // registers "sqlite"
)

const (
	// busyTimeout is how long an SQLite connection waits for another's lock. All writes of
	// the process share one connection, so only a backup tool contends.
	busyTimeout = 5 * time.Second
	// checkpointPages is the size of the write-ahead log at which its pages are copied into
	// the file: 16 MiB. The commit that does so takes milliseconds, and with SQLite's
	// default of 1,000 pages every hundredth revocation did.
	checkpointPages = 4000
	// readers bounds the SQLite connections that read beside the writer.
	readers = 4
)

// openSQLite opens one connection that writes and a few that read. WAL lets them read while
// it writes; synchronous=FULL has every commit on disk before it is acknowledged, which WAL
// alone does not.
func openSQLite(path string) (write, read *sql.DB, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	// Created here for its permissions, which SQLite copies to the files beside it.
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	f.Close()
	source := func(pragmas ...string) string {
		q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"foreign_keys(1)",
		}, pragmas...)}
		return (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String()
	}
	unopened, err := sql.Open("sqlite", "") // to look up the driver; no connection is opened
	if err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	defer unopened.Close()
	write = sql.OpenDB(keeping{unopened.Driver(), source("journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages))})
	write.SetMaxOpenConns(1)
	read = sql.OpenDB(keeping{unopened.Driver(), source("query_only(1)")})
	read.SetMaxOpenConns(readers)
	return write, read, nil
}

// statementsKept bounds the prepared statements of a connection, some kilobytes each. All
// are dropped when the limit is reached: only endlessly varying texts reach it, and then none
// is worth keeping.
const statementsKept = 256

// keeping makes SQLite connections that keep their prepared statements. The driver parses a
// text each time it runs, which was a sixth of a revocation's cost. PostgreSQL's driver keeps
// its own.
type keeping struct {
	driver driver.Driver
	source string
}

// Driver implements driver.Connector.
func (k keeping) Driver() driver.Driver { return k.driver }

// Connect implements driver.Connector.
func (k keeping) Connect(context.Context) (driver.Conn, error) {
	c, err := k.driver.Open(k.source)
	if err != nil {
		return nil, err
	}
	return &keptConn{sqliteConn: c.(sqliteConn), kept: map[string]*keptStmt{}}, nil
}

// sqliteConn has the methods of the driver's connection that database/sql uses.
type sqliteConn interface {
	driver.Conn
	driver.Pinger
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// keptConn is a connection; one goroutine at a time uses it.
type keptConn struct {
	sqliteConn
	kept map[string]*keptStmt
}

// keptStmt is a prepared statement, in use from a query to the end of its rows.
type keptStmt struct {
	stmt  sqliteStmt
	inUse bool
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statement is the prepared statement of a text; nil if it is in use.
func (c *keptConn) statement(ctx context.Context, query string) (*keptStmt, error) {
	if s := c.kept[query]; s != nil {
		if s.inUse {
			return nil, nil
		}
		return s, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.kept) >= statementsKept {
		c.dropAll()
	}
	s := &keptStmt{stmt: prepared.(sqliteStmt)}
	c.kept[query] = s
	return s, nil
}

// drop closes a statement that failed: its state is unknown.
func (c *keptConn) drop(query string, s *keptStmt) {
	delete(c.kept, query)
	s.stmt.Close() // repeats the error that the caller returns
}

// dropAll drops the statements that are not in use.
func (c *keptConn) dropAll() {
	for query, s := range c.kept {
		if !s.inUse {
			c.drop(query, s)
		}
	}
}

// ExecContext implements driver.ExecerContext.
func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	r, err := s.stmt.ExecContext(ctx, args)
	if err != nil {
		c.drop(query, s)
	}
	return r, err
}

// QueryContext implements driver.QueryerContext.
func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	r, err := s.stmt.QueryContext(ctx, args)
	if err != nil {
		c.drop(query, s)
		return nil, err
	}
	s.inUse = true
	return &keptRows{r, c, query, s}, nil
}

// Close implements driver.Conn.
func (c *keptConn) Close() error {
	for query, s := range c.kept {
		c.drop(query, s)
	}
	return c.sqliteConn.Close()
}

// keptRows release their statement when they are closed.
type keptRows struct {
	driver.Rows
	conn  *keptConn
	query string
	stmt  *keptStmt
}

// Close implements driver.Rows.
func (r *keptRows) Close() error {
	r.stmt.inUse = false
	err := r.Rows.Close()
	if err != nil {
		r.conn.drop(r.query, r.stmt)
	}
	return err
}
