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

// columns are columns of the issuer's tables; seeds may be null.
var columns = slices.Concat(Columns("applications", "id", "name", "number", "city"), Columns("sessions", "id", "seed"))

// harness is a database with fields encrypted with the old key.
type harness struct {
	*testing.T
	db *database.DB
	*Walker
}

const persons = 2*batch + 7 // the last batch is not full

// stale is the number of fields that setup encrypts: every other session is hosted.
const stale = 3*persons + (persons+1)/2

func each(t *testing.T, test func(t *testing.T, w *harness)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		db, err := database.Open(t.Context(), address, time.UnixMilli(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		w := &harness{T: t, db: db}
		w.Walker = w.walker()
		w.setup()
		test(t, w)
	})
}

func (w *harness) walker() *Walker {
	w.Helper()
	walker, err := NewWalker(w.db, after, columns)
	if err != nil {
		w.Fatal(err)
	}
	return walker
}

func row(table string, n int) string { return fmt.Sprintf("%.3s_%04d", table, n) }

func value(c Column, n int) string { return fmt.Sprintf("%s of person %d", c.Column, n) }

// encrypted is field n of a column, encrypted with the old key.
func encrypted(c Column, n int) []byte {
	return before.Encrypt([]byte(value(c, n)), c.place(row(c.Table, n)))
}

func (w *harness) setup() {
	w.Helper()
	w.exec(`INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms) VALUES ('app_', $1, 1, $1, $2, $2, $2, 1)`,
		[]byte("none"), after.Encrypt(nil, Place{})) // encrypted with the newest key, for another place
	apps, seeds := make([][]any, persons), make([][]any, persons)
	checks := make([][]any, persons)
	for n := range persons {
		app, ses := row("applications", n), row("sessions", n)
		apps[n] = []any{app, []byte(app), 1, []byte(app), encrypted(columns[0], n), encrypted(columns[1], n), encrypted(columns[2], n), 1}
		checks[n] = []any{ses, app, 1, 1}
		seeds[n] = []any{ses, app, ses, 1, nil}
		if n%2 == 0 {
			seeds[n][4] = encrypted(columns[3], n)
		}
	}
	w.must(database.InsertMany(w.Context(), w.db.Writer(),
		`INSERT INTO applications (id, access_hash, document_type, person, name, number, city, created_ms)`, apps))
	w.must(database.InsertMany(w.Context(), w.db.Writer(), `INSERT INTO checks (id, application, passed_ms, expires_ms)`, checks))
	w.must(database.InsertMany(w.Context(), w.db.Writer(), `INSERT INTO sessions (id, application, check_id, start_ms, seed)`, seeds))
}

// remaining asserts the number of stale fields.
func (w *harness) remaining(want int) {
	w.Helper()
	if n, err := w.Remaining(w.Context()); n != want || err != nil {
		w.Fatalf("%d stale fields, want %d: %v", n, want, err)
	}
}

// contains asserts the plain text of a field.
func (w *harness) contains(c Column, n int, want string) {
	w.Helper()
	var encrypted []byte
	w.must(w.db.Writer().QueryRow(fmt.Sprintf(`SELECT %s FROM %s WHERE id = $1`, c.Column, c.Table), row(c.Table, n)).Scan(&encrypted))
	plain, err := after.Decrypt(encrypted, c.place(row(c.Table, n)))
	if err != nil || string(plain) != want {
		w.Fatalf("%s %d is %q, want %q: %v", c.Column, n, plain, want, err)
	}
}

func (w *harness) all() {
	w.Helper()
	for n := range persons {
		for _, c := range columns[:3] {
			w.contains(c, n, value(c, n))
		}
		if n%2 == 0 {
			w.contains(columns[3], n, value(columns[3], n))
		}
	}
}

func (w *harness) exec(query string, args ...any) {
	w.Helper()
	_, err := w.db.Writer().ExecContext(w.Context(), query, args...)
	w.must(err)
}

func (w *harness) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestWalkMovesEveryFieldToTheNewestKey(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		w.remaining(stale)
		reported := 0
		r, err := w.Walk(t.Context(), Position{}, func(r Report) {
			if r.Checked <= reported || r.Checked > reported+batch {
				t.Errorf("a batch of %d fields", r.Checked-reported)
			}
			reported = r.Checked
		})
		w.must(err)
		if r.Checked != stale+3 || r.Moved != stale || r.Missed+r.Undecryptable+len(r.Broken) != 0 || reported != r.Checked {
			t.Fatalf("%+v", r)
		}
		w.remaining(0)
		w.all()
		again, err := w.Walk(t.Context(), Position{}, nil)
		if err != nil || again.Moved != 0 || again.Checked != r.Checked {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}

// A walk that was canceled after any batch can continue there or start again.
func TestCanceledWalkCanContinue(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		moved, at, walks := 0, Position{}, 0
		for ended := false; !ended; walks++ {
			ctx, cancel := context.WithCancel(t.Context())
			r, err := w.Walk(ctx, at, func(Report) { cancel() })
			if ended = err == nil; !ended && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancel()
			if !ended && r.Checked > batch {
				t.Fatalf("the walk continued after the cancellation: %+v", r)
			}
			moved, at = moved+r.Moved, r.At
			if walks == 3 { // the position was lost
				at = Position{}
			}
			if walks > 100 {
				t.Fatal("the walk does not end")
			}
		}
		if moved != stale || walks < stale/batch {
			t.Fatalf("%d fields moved in %d walks", moved, walks)
		}
		w.remaining(0)
		w.all()
		if _, err := w.Walk(t.Context(), Position{"accounts", "name", ""}, nil); !errors.Is(err, errPosition) {
			t.Fatalf("a walk began at an unknown column: %v", err)
		}
	})
}

func TestConcurrentEditIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		c, edits := columns[0], 0
		w.beforeWriting = func() {
			if edits++; edits > 1 {
				return
			}
			w.exec(`UPDATE applications SET name = $1 WHERE id = $2`, after.Encrypt([]byte("edited"), c.place(row(c.Table, 3))), row(c.Table, 3))
			// An issuer without the new key writes as well.
			w.exec(`UPDATE applications SET name = $1 WHERE id = $2`, before.Encrypt([]byte("edited with the old key"), c.place(row(c.Table, 4))), row(c.Table, 4))
			w.exec(`UPDATE applications SET city = city, document_type = 2 WHERE id = $1`, row(c.Table, 5)) // another column
		}
		r, err := w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		if r.Missed != 2 || r.Moved != stale-2 {
			t.Fatalf("%+v", r)
		}
		w.remaining(1)
		w.contains(c, 3, "edited")
		r, err = w.Walk(t.Context(), Position{}, nil)
		if err != nil || r.Moved != 1 || r.Missed != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		w.remaining(0)
		w.contains(c, 4, "edited with the old key")
		w.contains(c, 5, value(c, 5))
	})
}

// The walk skips a locked row: it neither waits for the lock nor delays its holder.
func TestLockedRowIsSkippedUntilTheNextWalk(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		if w.db.ForUpdate == "" {
			t.Skip("this database has a single writer")
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
		w.remaining(3)
		_, err = w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		w.remaining(0)
		w.all()
	})
}

func TestBrokenFieldIsReportedAndNotChanged(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		c := columns[1]
		bad := map[int][]byte{
			2:   []byte("in the clear"),
			3:   {}, // neither a field nor null
			5:   New(Master{8}).Encrypt([]byte("secret words"), c.place(row(c.Table, 5))),
			150: encrypted(c, 151), // moved from another row
		}
		why := map[int]error{2: ErrFormat, 3: ErrFormat, 5: ErrKey, 150: ErrAltered}
		for n, field := range bad {
			w.exec(`UPDATE applications SET number = $1 WHERE id = $2`, field, row(c.Table, n))
		}
		r, err := w.Walk(t.Context(), Position{}, nil)
		w.must(err)
		if r.Undecryptable != 4 || len(r.Broken) != 4 || r.Moved != stale-4 || r.Missed != 0 {
			t.Fatalf("%+v", r)
		}
		i := 0
		for _, n := range []int{2, 3, 5, 150} {
			b := r.Broken[i]
			if b.Place != c.place(row(c.Table, n)) || !errors.Is(b.Why, why[n]) {
				t.Errorf("%+v, want row %d: %v", b, n, why[n])
			}
			var stored []byte
			w.must(w.db.Writer().QueryRow(`SELECT number FROM applications WHERE id = $1`, row(c.Table, n)).Scan(&stored))
			if string(stored) != string(bad[n]) {
				t.Errorf("row %d was changed", n)
			}
			i++
		}
		if text := fmt.Sprint(r); strings.Contains(text, "clear") || strings.Contains(text, "secret") {
			t.Errorf("the report contains a field's content: %s", text)
		}
		w.remaining(4)
	})
}

// Of concurrent walks by several issuers, exactly one moves each field.
func TestConcurrentWalksMoveEachFieldOnce(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
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
		w.remaining(0)
		w.all()
	})
}

func TestColumnsArePlainNames(t *testing.T) {
	each(t, func(t *testing.T, w *harness) {
		for what, c := range map[string][]Column{
			"none":        nil,
			"no table":    {{"", "name", "id"}},
			"a statement": {{"applications; DROP TABLE sessions", "name", "id"}},
			"no key":      {{"applications", "name", ""}},
			"one twice":   {columns[0], columns[0]},
		} {
			if _, err := NewWalker(w.db, after, c); err == nil {
				t.Errorf("%s: accepted", what)
			}
		}
	})
}
