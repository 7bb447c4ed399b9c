package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestDatabaseOfNewerProgramIsRefused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := databaseAt(t, address)
		if _, err := d.write.Exec(`INSERT INTO schema_migrations (number, applied_ms) VALUES ($1, 0)`, len(migrations)+1); err != nil {
			t.Fatal(err)
		}
		err := d.migrate(t.Context(), migrations, time.UnixMilli(0))
		if err == nil || !strings.Contains(err.Error(), "newer program") {
			t.Fatalf("migrated: %v", err)
		}
	})
}

// A failing step leaves the schema unchanged.
func TestMigrationIsAllOrNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := databaseAt(t, address)
		steps := append(migrations[:len(migrations):len(migrations)],
			migration{len(migrations) + 1, `CREATE TABLE half (id {{int}}); CREATE TABLE half (id {{int}});`})
		if err := d.migrate(t.Context(), steps, time.UnixMilli(0)); err == nil {
			t.Fatal("a broken step was applied")
		}
		if _, err := d.write.Exec(`SELECT id FROM half`); err == nil {
			t.Fatal("half a step was applied")
		}
		steps[len(migrations)].text = `CREATE TABLE whole (id {{int}}){{table}}`
		for range 2 {
			runtest.Must(t, d.migrate(t.Context(), steps, time.UnixMilli(0)))
		}
	})
}

// The step that renames tables and columns keeps the rows of an older database.
func TestRenamedColumnsKeepTheirRows(t *testing.T) {
	before := slices.IndexFunc(migrations, func(m migration) bool { return strings.Contains(m.text, "RENAME TO exempted") })
	databasetest.Each(t, func(t *testing.T, address string) {
		d := &DB{dialect: sqlite}
		var err error
		if IsPostgres(address) {
			d.dialect = postgres
			d.write, err = openPostgres(t.Context(), address)
			d.read = d.write
		} else {
			d.write, d.read, err = openSQLite(address)
		}
		runtest.Must(t, err)
		t.Cleanup(func() { d.Close() })
		runtest.Must(t, d.migrate(t.Context(), migrations[:before], time.UnixMilli(0)))
		_, err = d.write.Exec(`INSERT INTO rescued (key_id, day, idx, at_ms) VALUES (7, 20494, 17, 1000)`)
		runtest.Must(t, err)
		_, err = d.write.Exec(`INSERT INTO issuer_keys (id, public, ordered_ms, rest_ms) VALUES (7, $1, 1000, 2000)`, []byte{1})
		runtest.Must(t, err)
		runtest.Must(t, d.migrate(t.Context(), migrations, time.UnixMilli(0)))
		var index, inactive, revocations int64
		err = d.write.QueryRow(`SELECT idx, inactive_ms, (SELECT COUNT(*) FROM revocations WHERE unrevoked = 0)
			FROM exempted JOIN issuer_keys ON id = key_id`).Scan(&index, &inactive, &revocations)
		if err != nil || index != 17 || inactive != 2000 {
			t.Errorf("idx %d, inactive_ms %d, %v", index, inactive, err)
		}
	})
}

// The connections have the settings that the promised durability needs.
func TestSQLiteSettingsAreDurable(t *testing.T) {
	d := databaseAt(t, filepath.Join(t.TempDir(), "odd name?#%.db"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := d.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q: %v", pragma, got, want, err)
		}
	}
	if _, err := d.read.Exec(`DELETE FROM outbox`); err == nil {
		t.Error("a reading connection wrote")
	}
}

// Functions of AfterCommit run in their order, after the commit.
func TestAfterCommitRunsInOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := databaseAt(t, address)
		var order []int
		err := d.Change(t.Context(), "test", func(ctx context.Context, _ *sql.Tx) error {
			for i := range 3 {
				AfterCommit(ctx, func() { order = append(order, i) })
			}
			if len(order) != 0 {
				t.Error("called before the commit")
			}
			return nil
		})
		if err != nil || !slices.Equal(order, []int{0, 1, 2}) {
			t.Errorf("%v, %v", order, err)
		}
	})
}

func TestMain(m *testing.M) { databasetest.Main(m, "database") }

// databaseAt opens a database until the test ends.
func databaseAt(t *testing.T, address string) *DB {
	t.Helper()
	d, err := Open(t.Context(), address, time.UnixMilli(0))
	runtest.Must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func TestOutagesAreRecognized(t *testing.T) {
	for code, want := range map[string]bool{
		"57P01": true, "57P03": true, "08006": true, "53300": true, "53100": true, "25006": true,
		"23505": false, "40001": false, "42601": false, "57014": false,
	} {
		err := fmt.Errorf("open: %w", &pgconn.PgError{Code: code})
		if got := errors.Is(classify(err), ErrUnavailable); got != want {
			t.Errorf("%s is an outage: %v", code, got)
		}
	}
	for _, err := range []error{nil, sql.ErrNoRows, context.Canceled, errors.New("anything else")} {
		if errors.Is(classify(err), ErrUnavailable) {
			t.Errorf("%v is an outage", err)
		}
	}
	if !errors.Is(classify(sql.ErrNoRows), ErrNotFound) {
		t.Error("a missing row is not ErrNotFound")
	}
}

// A server that cannot be reached, at a start and in a call.
func TestUnreachableServerIsUnavailable(t *testing.T) {
	config, err := pgx.ParseConfig("postgres://user@127.0.0.1:1/nothing?sslmode=disable")
	runtest.Must(t, err)
	db := sql.OpenDB(&connector{Connector: stdlib.GetConnector(*config)})
	defer db.Close()
	d := &DB{dialect: postgres, write: db, read: db}
	ping := func(ctx context.Context, q Queries) error {
		var one int
		return q.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	}
	if err := d.View(t.Context(), "ping", ping); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a call: %v", err)
	}
	databasetest.Each(t, func(t *testing.T, address string) {
		d, err := Open(t.Context(), address, time.Now())
		runtest.Must(t, err)
		defer d.Close()
		err = d.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (number, applied_ms) VALUES (1, 1)`)
			return err
		})
		if err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("a fault of this program is an outage: %v", err)
		}
	})
}
