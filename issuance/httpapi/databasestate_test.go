package httpapi_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/railgate/railgate/test/harness/runtest"
)

// mayChange are the tables that a refused request may write to: failures count,
// and nothing else.
var mayChange = map[string]bool{"failures": true}

// state is a hash of all that the database holds, by table.
func (w *system) state() map[string]string {
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

// column reads one column of text.
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

// empty asserts that no row is left in the tables.
func (w *system) empty(tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		if n := w.column(`SELECT COUNT(*) FROM ` + table); n[0] != "0" {
			w.t.Errorf("%s rows are left in %s", n[0], table)
		}
	}
}

// exec runs a statement.
func (w *system) exec(statement string, arguments ...any) {
	w.t.Helper()
	_, err := w.outbox.Database().Writer().Exec(statement, arguments...)
	runtest.Must(w.t, err)
}

// forgive forgets the failures, so that a lock does not hide what comes after it.
func (w *system) forgive() {
	w.t.Helper()
	w.exec(`DELETE FROM failures`)
}

// unmoved runs requests that must be refused, and asserts that the database is what it
// was.
func (w *system) unmoved(why string, requests func()) {
	w.t.Helper()
	before := w.state()
	requests()
	w.unchanged(why, before)
}

// unchanged asserts that refused requests have left the database as it was before.
func (w *system) unchanged(why string, before map[string]string) {
	w.t.Helper()
	for table, now := range w.state() {
		if now != before[table] {
			w.t.Errorf("%s: refused requests changed %s from %s to %s", why, table, before[table], now)
		}
	}
}
