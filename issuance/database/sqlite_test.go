package database

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

func openKept(t *testing.T) (*DB, func(query string) int) {
	t.Helper()
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "kept.db"), time.UnixMilli(0))
	runtest.Must(t, err)
	t.Cleanup(func() { d.Close() })
	if _, err := d.write.Exec(`CREATE TABLE numbers (n INTEGER PRIMARY KEY) STRICT`); err != nil {
		t.Fatal(err)
	}
	kept := func(query string) (n int) {
		t.Helper()
		conn, err := d.write.Conn(t.Context())
		runtest.Must(t, err)
		defer conn.Close()
		err = conn.Raw(func(c any) error {
			all := c.(*keptConn).kept
			if n = len(all); query != "" {
				n = 0
				if all[query] != nil {
					n = 1
				}
			}
			return nil
		})
		runtest.Must(t, err)
		return n
	}
	return d, kept
}

// A text may run while its rows are still being read, and again afterwards.
func TestKeptStatementRunsWithinItsOwnRows(t *testing.T) {
	d, kept := openKept(t)
	const insert, list = `INSERT INTO numbers (n) VALUES ($1)`, `SELECT n FROM numbers WHERE n >= $1 ORDER BY n`
	for i := range 3 {
		_, err := d.write.Exec(insert, i)
		runtest.Must(t, err)
	}
	sum := 0
	for range 2 {
		err := d.Change(t.Context(), "read twice", func(ctx context.Context, tx *sql.Tx) error {
			return Each(ctx, tx, func(outer *sql.Rows) error {
				var n int
				if err := outer.Scan(&n); err != nil {
					return err
				}
				return Each(ctx, tx, func(inner *sql.Rows) error {
					var m int
					err := inner.Scan(&m)
					sum += m
					return err
				}, list, n)
			}, list, 0)
		})
		runtest.Must(t, err)
	}
	if want := 2 * (0 + 1 + 2 + 1 + 2 + 2); sum != want || kept(insert) != 1 || kept(list) != 1 {
		t.Errorf("the sum is %d, want %d; kept: %d and %d", sum, want, kept(insert), kept(list))
	}
}

// A failed statement has no effect on the next call.
func TestFailedStatementIsNotKept(t *testing.T) {
	d, kept := openKept(t)
	const insert = `INSERT INTO numbers (n) VALUES ($1)`
	for i, want := range []bool{true, false, false, true} {
		n := 7
		if i == 3 {
			n = 8
		}
		if _, err := d.write.Exec(insert, n); (err == nil) != want {
			t.Fatalf("call %d: %v", i, err)
		}
		if was := kept(insert); (was == 1) != want {
			t.Errorf("call %d: kept is %d", i, was)
		}
	}
}

// A table may change under a kept statement.
func TestKeptStatementSeesANewSchema(t *testing.T) {
	d, _ := openKept(t)
	const all = `SELECT * FROM numbers`
	for _, change := range []string{`INSERT INTO numbers (n) VALUES (1)`, `ALTER TABLE numbers ADD COLUMN name TEXT`} {
		_, err := d.write.Exec(change)
		runtest.Must(t, err)
		rows, err := d.write.Query(all)
		runtest.Must(t, err)
		columns, err := rows.Columns()
		rows.Close()
		if want := map[bool]int{true: 1, false: 2}[change[0] == 'I']; err != nil || len(columns) != want {
			t.Errorf("after %q: %v, %v", change, columns, err)
		}
	}
}

func TestKeptStatementsAreBounded(t *testing.T) {
	d, kept := openKept(t)
	rows, err := d.write.Query(`SELECT 1 UNION SELECT 2`)
	runtest.Must(t, err)
	rows.Close()
	for i := range 3 * statementsKept {
		var n int
		if err := d.write.QueryRow(fmt.Sprintf(`SELECT %d`, i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if n := kept(""); n < 1 || n > statementsKept {
		t.Errorf("%d statements are kept", n)
	}
}
