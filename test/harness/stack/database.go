package stack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
)

// dropWithin bounds the removal of a database.
const dropWithin = 30 * time.Second

// Database is an empty database on a PostgreSQL server.
type Database struct {
	URL     string
	Backend int    // process ID of the server process that created it; 0: unknown
	Drop    func() // deletes it and ends its connections
}

// NewDatabase creates a database on the server of a postgres:// URL. Errors contain no part of the
// URL, which may have a password.
func NewDatabase(ctx context.Context, server string) (*Database, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("the address of the PostgreSQL server is not a valid URL")
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return nil, errors.New("the PostgreSQL driver does not accept the server's address")
	}
	name := fmt.Sprintf("railgate_stack_%d", time.Now().UnixNano())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	d := &Database{Drop: func() {
		ctx, cancel := context.WithTimeout(context.Background(), dropWithin)
		defer cancel()
		db.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		db.Close()
	}}
	if db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&d.Backend) != nil {
		d.Backend = 0
	}
	u.Path = "/" + name
	d.URL = u.String()
	return d, nil
}
