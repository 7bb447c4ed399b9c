package httpapi_test

import (
	"crypto/sha256"
	"fmt"
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
		if err != nil {
			w.t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			w.t.Fatal(err)
		}
		sum, n := sha256.New(), 0
		for ; rows.Next(); n++ {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				w.t.Fatal(err)
			}
			fmt.Fprintf(sum, "%q\n", values)
		}
		if err := rows.Close(); err != nil {
			w.t.Fatal(err)
		}
		all[table] = fmt.Sprintf("%d rows %x", n, sum.Sum(nil)[:8])
	}
	return all
}

// column reads one column of text.
func (w *system) column(query string) (all []string) {
	w.t.Helper()
	rows, err := w.outbox.Database().Writer().Query(query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// forgive forgets the failures, so that a lock does not hide what comes after it.
func (w *system) forgive() {
	w.t.Helper()
	if _, err := w.outbox.Database().Writer().Exec(`DELETE FROM failures`); err != nil {
		w.t.Fatal(err)
	}
}

// unmoved runs requests that must be refused, and holds the database to what it
// was.
func (w *system) unmoved(why string, requests func()) {
	w.t.Helper()
	before := w.state()
	requests()
	for table, now := range w.state() {
		if now != before[table] {
			w.t.Errorf("%s: refused requests changed %s from %s to %s", why, table, before[table], now)
		}
	}
}
