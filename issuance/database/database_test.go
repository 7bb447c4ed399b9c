package database

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/databasetest"
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

// A step that fails leaves the schema as it was.
func TestMigrationIsAllOrNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		d := databaseAt(t, address)
		steps := append(migrations[:len(migrations):len(migrations)],
			migration{len(migrations) + 1, `CREATE TABLE half (id {{int}}); CREATE TABLE half (id {{int}});`})
		if err := d.migrate(t.Context(), steps, time.UnixMilli(0)); err == nil {
			t.Fatal("a broken step was applied")
		}
		if _, err := d.write.Exec(`SELECT id FROM half`); err == nil {
			t.Fatal("half a step stayed")
		}
		steps[len(migrations)].text = `CREATE TABLE whole (id {{int}}){{table}}`
		for range 2 {
			if err := d.migrate(t.Context(), steps, time.UnixMilli(0)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The durability that is promised must be what the connections have.
func TestSQLiteSettings(t *testing.T) {
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

func TestMain(m *testing.M) { databasetest.Main(m, "database") }

// databaseAt opens a database until the test ends.
func databaseAt(t *testing.T, address string) *DB {
	t.Helper()
	d, err := Open(t.Context(), address, time.UnixMilli(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
