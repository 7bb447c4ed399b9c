package httpapi_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/railgate/railgate/test/harness/runtest"
)

// mayChange are the tables that a refused request may change: only failures are counted.
var mayChange = map[string]bool{"failures": true}

// tableHashes returns a hash of each table.
func (w *system) tableHashes() map[string]string {
	w.t.Helper()
	db := w.outbox.Database().Writer()
	names := w.column(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
	if len(names) < 20 {
		w.t.Fatalf("%d tables: the database was not read", len(names))
	}
	all := make(map[string]string)
	for _, table := range names {
		if mayChange[table] {
			continue
		}
		rows, err := db.Query(`SELECT * FROM "` + table + `" ORDER BY 1, 2`)
		runtest.Must(w.t, err)
		columns, err := rows.Columns()
		runtest.Must(w.t, err)
		sum, n := sha256.New(), 0
		for ; rows.Next(); n++ {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			runtest.Must(w.t, rows.Scan(places...))
			fmt.Fprintf(sum, "%q\n", values)
		}
		runtest.Must(w.t, rows.Close())
		all[table] = fmt.Sprintf("%d rows %x", n, sum.Sum(nil)[:8])
	}
	return all
}

// column returns one text column of a query.
func (w *system) column(query string) (all []string) {
	w.t.Helper()
	rows, err := w.outbox.Database().Writer().Query(query)
	runtest.Must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		runtest.Must(w.t, rows.Scan(&text))
		all = append(all, text)
	}
	return all
}

// wantEmpty asserts that the tables have no rows.
func (w *system) wantEmpty(tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		if n := w.column(`SELECT COUNT(*) FROM ` + table); n[0] != "0" {
			w.t.Errorf("%s has %s rows, want none", table, n[0])
		}
	}
}

// execSQL executes a statement.
func (w *system) execSQL(statement string, arguments ...any) {
	w.t.Helper()
	_, err := w.outbox.Database().Writer().Exec(statement, arguments...)
	runtest.Must(w.t, err)
}

// clearLockouts deletes the counted failures, so that a lockout does not hide later results.
func (w *system) clearLockouts() {
	w.t.Helper()
	w.execSQL(`DELETE FROM failures`)
}

// wantNoChange runs requests that must be refused, and asserts that they leave the database
// unchanged.
func (w *system) wantNoChange(why string, requests func()) {
	w.t.Helper()
	before := w.tableHashes()
	requests()
	w.wantUnchanged(why, before)
}

// wantUnchanged asserts that the database has the same rows as before.
func (w *system) wantUnchanged(why string, before map[string]string) {
	w.t.Helper()
	for table, now := range w.tableHashes() {
		if now != before[table] {
			w.t.Errorf("%s: refused requests changed %s from %s to %s", why, table, before[table], now)
		}
	}
}
