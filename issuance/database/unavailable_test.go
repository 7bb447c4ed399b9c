package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/railgate/railgate/test/databasetest"
)

func TestWhatAnOutageLooksLike(t *testing.T) {
	for code, want := range map[string]bool{
		"57P01": true, "57P03": true, "08006": true, "53300": true, "53100": true, "25006": true,
		"23505": false, "40001": false, "42601": false, "57014": false,
	} {
		err := fmt.Errorf("open: %w", &pgconn.PgError{Code: code})
		if got := errors.Is(fault(err), ErrUnavailable); got != want {
			t.Errorf("%s is an outage: %v", code, got)
		}
	}
	for _, err := range []error{nil, sql.ErrNoRows, context.Canceled, errors.New("anything else")} {
		if errors.Is(fault(err), ErrUnavailable) {
			t.Errorf("%v is an outage", err)
		}
	}
	if !errors.Is(fault(sql.ErrNoRows), ErrNotFound) {
		t.Error("a row that is not there has lost its name")
	}
}

// A server that is not there, found at a start and at a call.
func TestServerThatIsNotThere(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://nobody@127.0.0.1:1/nothing?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(&connector{Connector: stdlib.GetConnector(*config)})
	defer db.Close()
	d := &DB{dialect: postgres, write: db, read: db}
	if err := d.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a call: %v", err)
	}
	databasetest.Each(t, func(t *testing.T, address string) {
		d, err := Open(t.Context(), address, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		err = d.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (number, applied_ms) VALUES (1, 1)`)
			return err
		})
		if err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("a fault of ours is an outage: %v", err)
		}
	})
}
