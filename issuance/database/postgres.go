package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresConns bounds the connections of one issuer to PostgreSQL.
const postgresConns = 16

// openPostgres opens one pool for reads and writes. It refuses a server that acknowledges
// commits before they are on disk.
func openPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	config, err := postgresConfig(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(&connector{Connector: stdlib.GetConnector(*config)})
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	// A server that accepts connections and does not answer must not block the start.
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

// Check reports what is wrong with an address of Open, without opening anything. Errors do
// not contain the address, which may have a password.
//
// A connection to PostgreSQL must verify the server (sslmode=verify-full), unless every host
// is this machine, or the address names another mode: disable, require or verify-ca. The
// modes prefer and allow are refused, since they fall back to clear text.
func Check(address string) error {
	switch {
	case address == "":
		return errors.New("database: the address is empty")
	case strings.TrimSpace(address) != address:
		return errors.New("database: the address begins or ends with a space")
	case IsPostgres(address):
		_, err := postgresConfig(address)
		return err
	case strings.Contains(address, "://"):
		return errors.New("database: unknown scheme: write postgres://…, or the path of an SQLite file")
	case isKeywords(address):
		return errors.New("database: a list of key=value is not supported: write postgres://user@host/database, or the path of an SQLite file")
	}
	return nil
}

// IsPostgres reports whether an address is PostgreSQL's, not the path of an SQLite file.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// isKeywords reports whether an address has PostgreSQL's key=value form.
func isKeywords(address string) bool {
	return slices.ContainsFunc(strings.Fields(address), func(word string) bool {
		key, _, given := strings.Cut(word, "=")
		return given && slices.Contains([]string{"host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "passfile", "service"}, key)
	})
}

// spelledOut are the modes, besides verify-full, that an operator may choose.
var spelledOut = []string{"disable", "require", "verify-ca"}

// postgresConfig parses an address. Its errors omit the driver's, which may quote it.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	if strings.ContainsAny(address, " \t\r\n") {
		return nil, errors.New("database: the PostgreSQL address contains a space: write %20")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("database: the PostgreSQL address cannot be parsed: check port, sslmode and the files it names")
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("database: the PostgreSQL address cannot be parsed")
	}
	if mode := u.Query()["sslmode"]; len(mode) == 1 && slices.Contains(spelledOut, mode[0]) {
		return config, nil
	}
	if !onThisMachine(config) && !verified(config) {
		return nil, errors.New("database: the connection to PostgreSQL would not be verified: write sslmode=verify-full (with sslrootcert=FILE), or, on a trusted network, sslmode=disable")
	}
	return config, nil
}

// verified reports whether every connection attempt checks the server's certificate and
// name.
func verified(c *pgx.ConnConfig) bool {
	if c.TLSConfig == nil || c.TLSConfig.InsecureSkipVerify {
		return false
	}
	return !slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil || f.TLSConfig.InsecureSkipVerify })
}

// onThisMachine reports whether every host is a socket or a loopback address.
func onThisMachine(c *pgx.ConnConfig) bool {
	return isLocal(c.Host) && !slices.ContainsFunc(c.Fallbacks, func(f *pgconn.FallbackConfig) bool { return !isLocal(f.Host) })
}

func isLocal(host string) bool {
	if host == "localhost" || filepath.IsAbs(host) || strings.HasPrefix(host, "@") { // @: an abstract socket
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Pauses after a failed connection, doubling from the first to the last. A server that
// stops or starts needs its processor for that: with a new attempt for each request it had
// none left.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// connector opens connections. After a failure it makes one attempt at a time, with a pause
// between them; other calls return the last failure immediately.
type connector struct {
	driver.Connector

	mu     sync.Mutex
	failed error // of the last attempt; nil: it succeeded
	pause  time.Duration
	next   time.Time // time of the next attempt
	trying bool      // an attempt after a failure is in progress
}

// Connect opens a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	again, err := c.admit()
	if err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if again {
		c.trying = false
	}
	switch {
	case err == nil:
		c.failed, c.pause = nil, 0
	case errors.Is(ctx.Err(), context.Canceled): // the caller is gone: not a failure of the server
	case c.failed != nil && !again: // begun before the first failure
	default:
		c.failed = err
		c.pause = min(max(2*c.pause, firstPause), lastPause)
		c.next = time.Now().Add(c.pause)
	}
	return conn, err
}

// admit allows an attempt or returns the last failure. again: the attempt follows a failure.
func (c *connector) admit() (again bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		return false, nil
	}
	if c.trying || time.Now().Before(c.next) {
		return false, fmt.Errorf("no new attempt yet: %w", c.failed)
	}
	c.trying = true
	return true, nil
}
