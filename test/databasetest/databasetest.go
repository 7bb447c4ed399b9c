// Package databasetest runs a test on every supported database: SQLite always, PostgreSQL if the
// environment names a server. For tests only.
package databasetest

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"github.com/railgate/railgate/test/harness/runtest"
)

// PostgresEnv names the variable with the address of a PostgreSQL server on which tests may create
// schemas: postgres://user@host/database.
const PostgresEnv = "RAILGATE_TEST_POSTGRES"

// Each runs a test with the address of a fresh database of each kind.
func Each(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "issuer.db")) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv(PostgresEnv)
		if dsn == "" {
			t.Skipf("NOT run on PostgreSQL: %s is not set", PostgresEnv)
		}
		test(t, freshSchema(t, dsn))
	})
}

// freshSchema creates an empty schema that is dropped at the end of the test.
func freshSchema(t *testing.T, dsn string) string {
	t.Helper()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	var b [6]byte
	rand.Read(b[:])
	schema := "rg_test_" + hex.EncodeToString(b[:])
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	q.Set("application_name", schema) // distinguishes this test's connections from those of other tests
	u.RawQuery = q.Encode()
	return u.String()
}

// WaitForLocks waits until at least want transactions of this test wait for a lock in PostgreSQL.
func WaitForLocks(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	runtest.Eventually(t, 5*time.Second, "transactions to wait for a lock", func() bool {
		var waiting int
		runtest.Must(t, db.QueryRowContext(t.Context(), `
			SELECT COUNT(*) FROM pg_stat_activity
			WHERE application_name = current_setting('application_name') AND wait_event_type = 'Lock'`).Scan(&waiting))
		return waiting >= want
	})
}

// Main runs a package's tests and prints which databases they use.
func Main(m *testing.M, name string) {
	on := "SQLite only (" + PostgresEnv + " is not set)"
	if os.Getenv(PostgresEnv) != "" {
		on = "SQLite and PostgreSQL"
	}
	fmt.Println(name + ": testing on " + on)
	os.Exit(m.Run())
}
