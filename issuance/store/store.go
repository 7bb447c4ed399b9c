package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// opTimeout bounds every call of a method, its wait for the writer included. A
// request that waited so long has lost its caller.
const opTimeout = 5 * time.Second

// MaxPartitions bounds the partitions of a stream.
const MaxPartitions = 64

// What methods return besides failures of the database.
var (
	ErrNotFound      = errors.New("store: no such row")
	ErrCheckUnusable = errors.New("store: check is unknown, used or too old")
	ErrDayFull       = errors.New("store: every serial of the day is given")
	ErrKeyBound      = errors.New("store: key id was announced with another public key")
	ErrKeyCutOff     = errors.New("store: key is cut off at that time")
)

// Config says which database, and how its stream is shaped.
type Config struct {
	// Database is a PostgreSQL address that begins with postgres:// or
	// postgresql://, or else the path of an SQLite file, made if it is missing.
	Database string
	// Partitions of the control stream, 1 to MaxPartitions. A database keeps the
	// number it was made with: Open refuses another.
	Partitions int
	// Now dates a new database: it becomes the stream's epoch. nil: time.Now.
	Now func() time.Time
}

// Store is an open database. It is safe for many goroutines at once.
type Store struct {
	dialect    dialect
	write      *sql.DB
	read       *sql.DB // may be the same pool
	partitions int
	holder     string // of the publisher's lease
}

// Open opens the database, brings its schema up to date and finds or makes the
// stream. It refuses a database that a newer program has changed.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Partitions < 1 || c.Partitions > MaxPartitions {
		return nil, fmt.Errorf("store: partitions must be 1 to %d", MaxPartitions)
	}
	if c.Database == "" {
		return nil, errors.New("store: no database given")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Store{partitions: c.Partitions, holder: newHolder()}
	var err error
	if strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://") {
		s.dialect = postgres
		s.write, err = openPostgres(ctx, c.Database)
		s.read = s.write
	} else {
		s.dialect = sqlite
		s.write, s.read, err = openSQLite(c.Database)
	}
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, c.Now()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, now time.Time) error {
	if err := s.migrate(ctx, migrations, now); err != nil {
		return err
	}
	return s.openStream(ctx, now)
}

// Close ends the connections; what was acknowledged stays.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.view(ctx, "ping", func(ctx context.Context, q queries) error {
		return q.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }

// queries is what sql.DB and sql.Tx have in common.
type queries interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// change runs f in one transaction: all of it is on disk when change returns
// nil, and none of it otherwise, unless the commit's own answer was lost.
func (s *Store) change(ctx context.Context, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	return s.changeWithin(ctx, opTimeout, what, f)
}

func (s *Store) changeWithin(ctx context.Context, bound time.Duration, what string, f func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(ctx, tx); err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

// view runs f against what is committed.
func (s *Store) view(ctx context.Context, what string, f func(ctx context.Context, q queries) error) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	err := f(ctx, s.read)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}
