// Package databasetest runs a story on every database there is: SQLite always,
// PostgreSQL where the environment names a server. For tests only.
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

// PostgresEnv names the variable with the address of a PostgreSQL server that
// tests may create schemas in: postgres://user@host/database.
const PostgresEnv = "RAILGATE_TEST_POSTGRES"

// Each runs a story with the address of a fresh database of each kind.
func Each(t *testing.T, story func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { story(t, filepath.Join(t.TempDir(), "issuer.db")) })
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv(PostgresEnv)
		if dsn == "" {
			t.Skipf("NOT run on PostgreSQL: %s is not set", PostgresEnv)
		}
		story(t, freshSchema(t, dsn))
	})
}

// freshSchema makes an empty schema that goes with the test.
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
	q.Set("application_name", schema) // tells this test's connections from other tests'
	u.RawQuery = q.Encode()
	return u.String()
}

// WaitForLocks returns when so many transactions of this test wait for another in
// PostgreSQL.
func WaitForLocks(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	runtest.Eventually(t, 5*time.Second, "transactions to wait for another", func() bool {
		var waiting int
		runtest.Must(t, db.QueryRowContext(t.Context(), `
			SELECT COUNT(*) FROM pg_stat_activity
			WHERE application_name = current_setting('application_name') AND wait_event_type = 'Lock'`).Scan(&waiting))
		return waiting >= want
	})
}

// Main runs a package's tests and says which databases they ran on.
func Main(m *testing.M, name string) {
	on := "SQLite only (" + PostgresEnv + " is not set)"
	if os.Getenv(PostgresEnv) != "" {
		on = "SQLite and PostgreSQL"
	}
	fmt.Println(name + ": testing on " + on)
	os.Exit(m.Run())
}
