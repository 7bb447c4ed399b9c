package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/test/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "vault") }

var (
	before = New(master)
	after  = New(master, first)
)

// columns are of the issuer's own tables; seeds may be null.
var columns = slices.Concat(Columns("applications", "id", "name", "number", "city"), Columns("sessions", "id", "seed"))

// system is a database full of fields under the old key.
type system struct {
	*testing.T
	db *database.DB
	*Walker
}

const persons = 2*batch + 7 // batches of which the last is not full

// stale is how many fields setup seals: every other session is hosted.
const stale = 3*persons + (persons+1)/2

func each(t *testing.T, story func(t *testing.T, w *system)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		db, err := database.Open(t.Context(), address, time.UnixMilli(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		w := &system{T: t, db: db}
		w.Walker = w.walker()
		w.setup()
		story(t, w)
	})
}

func (w *system) walker() *Walker {
	w.Helper()
	walker, err := NewWalker(w.db, after, columns)
	if err != nil {
		w.Fatal(err)
	}
	return walker
}

func row(table string, n int) string { return fmt.Sprintf("%.3s_%04d", table, n) }

func value(c Column, n int) string { return fmt.Sprintf("%s of person %d", c.Column, n) }

// sealed is field n of a column under the old key.
func sealed(c Column, n int) []byte {
	return before.Encrypt([]byte(value(c, n)), c.place(row(c.Table, n)))
}

func (w *system) setup() {
	w.Helper()
	w.exec(`INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms) VALUES ('app_', $1, 1, $1, $2, $2, $2, 1)`,
		[]byte("none"), after.Encrypt(nil, Place{})) // under the newest key already, if not in its place
	apps, seeds := make([][]any, persons), make([][]any, persons)
	checks := make([][]any, persons)
	for n := range persons {
		app, ses := row("applications", n), row("sessions", n)
		apps[n] = []any{app, []byte(app), 1, []byte(app), sealed(columns[0], n), sealed(columns[1], n), sealed(columns[2], n), 1}
		checks[n] = []any{ses, app, 1, 1}
		seeds[n] = []any{ses, app, ses, 1, nil}
		if n%2 == 0 {
			seeds[n][4] = sealed(columns[3], n)
		}
	}
	w.must(database.InsertMany(w.Context(), w.db.Writer(),
		`INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms)`, apps))
	w.must(database.InsertMany(w.Context(), w.db.Writer(), `INSERT INTO checks (id, application, passed_ms, expires_ms)`, checks))
	w.must(database.InsertMany(w.Context(), w.db.Writer(), `INSERT INTO sessions (id, application, check_id, start_ms, seed)`, seeds))
}

// left asserts how many fields are stale.
func (w *system) left(want int) {
	w.Helper()
	if n, err := w.Left(w.Context()); n != want || err != nil {
		w.Fatalf("%d fields are left, want %d: %v", n, want, err)
	}
}

// reads asserts what a field holds now.
func (w *system) reads(c Column, n int, want string) {
	w.Helper()
	var sealed []byte
	w.must(w.db.Writer().QueryRow(fmt.Sprintf(`SELECT %s FROM %s WHERE id = $1`, c.Column, c.Table), row(c.Table, n)).Scan(&sealed))
	plain, err := after.Decrypt(sealed, c.place(row(c.Table, n)))
	if err != nil || string(plain) != want {
		w.Fatalf("%s %d holds %q: %v", c.Column, n, plain, err)
	}
}

func (w *system) all() {
	w.Helper()
	for n := range persons {
		for _, c := range columns[:3] {
			w.reads(c, n, value(c, n))
		}
		if n%2 == 0 {
			w.reads(columns[3], n, value(columns[3], n))
		}
	}
}

func (w *system) exec(query string, args ...any) {
	w.Helper()
	_, err := w.db.Writer().ExecContext(w.Context(), query, args...)
	w.must(err)
}

func (w *system) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestWalkMovesEveryFieldToTheNewestKey(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.left(stale)
		heard := 0
		r, err := w.Walk(t.Context(), Position{}, func(r Report) {
			if r.Looked <= heard || r.Looked > heard+batch {
				t.Errorf("a batch of %d", r.Looked-heard)
			}
			heard = r.Looked
		})
		w.must(err)
		if r.Looked != stale+3 || r.Moved != stale || r.Missed+r.Unopened+len(r.Broken) != 0 || heard != r.Looked {
			t.Fatalf("%+v", r)
		}
		w.left(0)
		w.all()
		again, err := w.Walk(t.Context(), Position{}, nil)
		if err != nil || again.Moved != 0 || again.Looked != r.Looked {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

// A walk that ends behind any batch can go on from there, or anew.
func TestWalkCutOffBetweenBatches(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		moved, at, walks := 0, Position{}, 0
		for ended := false; !ended; walks++ {
			ctx, cut := context.WithCancel(t.Context())
			r, err := w.Walk(ctx, at, func(Report) { cut() })
			if ended = err == nil; !ended && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cut()
			if !ended && r.Looked > batch {
				t.Fatalf("it went on: %+v", r)
			}
			moved, at = moved+r.Moved, r.At
			if walks == 3 { // somebody lost the place
				at = Position{}
			}
			if walks > 100 {
				t.Fatal("it comes to no end")
			}
		}
		if moved != stale || walks < stale/batch {
			t.Fatalf("%d fields moved in %d walks", moved, walks)
		}
		w.left(0)
		w.all()
		if _, err := w.Walk(t.Context(), Position{"accounts", "name", ""}, nil); !errors.Is(err, errPosition) {
			t.Fatalf("began nowhere: %v", err)
		}
	})
}

func TestEditAtTheSameMomentWins(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		c, edits := columns[0], 0
		w.beforeWriting = func() {
			if edits++; edits > 1 {
				return
			}
			w.exec(`UPDATE applications SET name = $1 WHERE id = $2`, after.Encrypt([]byte("edited"), c.place(row(c.Table, 3))), row(c.Table, 3))
			// An issuer that does not have the new key yet writes, too.
			w.exec(`UPDATE applications SET name = $1 WHERE id = $2`, before.Encrypt([]byte("edited, too"), c.place(row(c.Table, 4))), row(c.Table, 4))
			w.exec(`UPDATE applications SET city = city, document_type = 2 WHERE id = $1`, row(c.Table, 5)) // another column
		}
		r, err := w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		if r.Missed != 2 || r.Moved != stale-2 {
			t.Fatalf("%+v", r)
		}
		w.left(1)
		w.reads(c, 3, "edited")
		r, err = w.Walk(t.Context(), Position{}, nil)
		if err != nil || r.Moved != 1 || r.Missed != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.left(0)
		w.reads(c, 4, "edited, too")
		w.reads(c, 5, value(c, 5))
	})
}

// A row that somebody has locked is left to him: the walk neither waits nor holds
// him up.
func TestLockedRowIsLeftForTheNextWalk(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		if w.db.ForUpdate == "" {
			t.Skip("here a writer is alone")
		}
		tx, err := w.db.Writer().BeginTx(t.Context(), nil)
		w.must(err)
		defer tx.Rollback()
		_, err = tx.Exec(`UPDATE applications SET document_type = 2 WHERE id = $1`, row("applications", 0))
		w.must(err)
		r, err := w.Walk(t.Context(), Position{}, nil)
		if err != nil || r.Missed != 3 || r.Moved != stale-3 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.must(tx.Commit())
		w.left(3)
		_, err = w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		w.left(0)
		w.all()
	})
}

func TestBrokenFieldIsNamedAndLeft(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		c := columns[1]
		bad := map[int][]byte{
			2:   []byte("in the clear"),
			3:   {}, // no field, and not null either
			5:   New(Master{8}).Encrypt([]byte("secret words"), c.place(row(c.Table, 5))),
			150: sealed(c, 151), // moved from another row
		}
		why := map[int]error{2: ErrForm, 3: ErrForm, 5: ErrKey, 150: ErrBroke}
		for n, field := range bad {
			w.exec(`UPDATE applications SET number = $1 WHERE id = $2`, field, row(c.Table, n))
		}
		r, err := w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		if r.Unopened != 4 || len(r.Broken) != 4 || r.Moved != stale-4 || r.Missed != 0 {
			t.Fatalf("%+v", r)
		}
		i := 0
		for _, n := range []int{2, 3, 5, 150} {
			b := r.Broken[i]
			if b.Place != c.place(row(c.Table, n)) || !errors.Is(b.Why, why[n]) {
				t.Errorf("%+v, want row %d: %v", b, n, why[n])
			}
			var still []byte
			w.must(w.db.Writer().QueryRow(`SELECT number FROM applications WHERE id = $1`, row(c.Table, n)).Scan(&still))
			if string(still) != string(bad[n]) {
				t.Errorf("row %d was changed", n)
			}
			i++
		}
		if text := fmt.Sprint(r); strings.Contains(text, "clear") || strings.Contains(text, "secret") {
			t.Errorf("the report tells what a field holds: %s", text)
		}
		w.left(4)
	})
}

// Several issuers walk at once: each field is moved by one of them.
func TestWalksAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		const walkers = 3
		var all sync.WaitGroup
		reports := make([]Report, walkers)
		for i := range reports {
			walker := w.walker()
			all.Go(func() {
				var err error
				if reports[i], err = walker.Walk(t.Context(), Position{}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		moved := 0
		for _, r := range reports {
			moved += r.Moved
		}
		if moved != stale {
			t.Fatalf("%d fields were moved, want %d: %+v", moved, stale, reports)
		}
		w.left(0)
		w.all()
	})
}

func TestColumnsArePlainNames(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for what, c := range map[string][]Column{
			"none":        nil,
			"no table":    {{"", "name", "id"}},
			"a statement": {{"applications; DROP TABLE sessions", "name", "id"}},
			"no key":      {{"applications", "name", ""}},
			"one twice":   {columns[0], columns[0]},
		} {
			if _, err := NewWalker(w.db, after, c); err == nil {
				t.Errorf("%s: taken", what)
			}
		}
	})
}
