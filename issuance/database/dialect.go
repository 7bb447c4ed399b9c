package database

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers "sqlite"
)

const (
	// busyTimeout is how long an SQLite connection waits for another's lock. All
	// writes of the process share one connection, so only a backup tool contends.
	busyTimeout = 5 * time.Second
	// checkpointPages is how far the write-ahead log grows before its pages are
	// copied into the file: 16 MiB. The commit that has to do that takes milliseconds,
	// and at SQLite's own 1,000 pages that was each hundredth revocation.
	checkpointPages = 4000
	// readers bounds the SQLite connections that read beside the writer.
	readers = 4
	// postgresConns bounds the connections of one issuer to PostgreSQL.
	postgresConns = 16
)

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

// openSQLite opens one connection that writes and a few that read. WAL lets
// them read while it writes; synchronous=FULL has every commit on disk before
// it is acknowledged, which WAL alone would not.
func openSQLite(path string) (write, read *sql.DB, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	// Made here for its permissions; SQLite gives them to the files beside it.
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
	unopened, err := sql.Open("sqlite", "") // to ask which driver has the name; it connects nowhere
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

// openPostgres opens one pool for everything. It refuses a server that
// acknowledges commits before they are on disk.
func openPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	config, err := postgresConfig(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(&connector{Connector: stdlib.GetConnector(*config)})
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	// A server that accepts and says nothing must not hold the start for ever.
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	var sync string
	if err := db.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&sync); err != nil {
		db.Close()
		return nil, fmt.Errorf("database: PostgreSQL: %w", err)
	}
	if sync == "off" {
		db.Close()
		return nil, fmt.Errorf("database: PostgreSQL runs with synchronous_commit=off, which loses acknowledged revocations; turn it on for this database")
	}
	return db, nil
}

// ForUpdateOf is ForUpdate for one of the tables that a SELECT joins.
func (d dialect) ForUpdateOf(table string) string {
	if d.ForUpdate == "" {
		return ""
	}
	return d.ForUpdate + " OF " + table
}
