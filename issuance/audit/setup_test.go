package audit

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "audit") }

var (
	noon    = time.Date(2026, 2, 10, 4, 0, 0, 0, time.UTC) // in Beijing
	testKey = vault.Key{1, 2, 3}
)

// system is a trail on a database of its own.
type system struct {
	*testing.T
	*auditLog
}

// auditLog has another name than [testing.T.Log].
type auditLog = Log

// each tells a story on every kind of database.
func each(t *testing.T, story func(t *testing.T, w system)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		db, err := database.Open(t.Context(), address, noon)
		runtest.Must(t, err)
		t.Cleanup(func() { db.Close() })
		story(t, system{t, trailOf(t, db, testKey)})
	})
}

func trailOf(t *testing.T, db *database.DB, key vault.Key) *Log {
	t.Helper()
	trail, err := New(Config{DB: db, Key: key, Now: func() time.Time { return noon.Add(time.Minute) }})
	runtest.Must(t, err)
	return trail
}

// entry is the nth act of a station window.
func entry(n int) Entry {
	return Entry{AtMs: noon.UnixMilli() + int64(n), Who: "hongqiao-window-3", Role: staff.Window, Action: staff.Revoke,
		Object: Object{Credential, fmt.Sprintf("20494-%d", n)}, Detail: "lost_phone", Request: fmt.Sprintf("r%d", n)}
}

// did appends acts first to last, each in a transaction of its own.
func (w system) did(first, last int) {
	w.Helper()
	for n := first; n <= last; n++ {
		w.appended(entry(n))
	}
}

func (w system) appended(e Entry) {
	w.Helper()
	runtest.Must(w, w.db.Change(w.Context(), "act", func(ctx context.Context, tx *sql.Tx) error { return w.Append(ctx, tx, e) }))
}

// sealed seals and checks how many were waiting.
func (w system) sealed(want int) {
	w.Helper()
	if n, err := w.Chain(w.Context()); n != want || err != nil {
		w.Fatalf("sealed %d, want %d: %v", n, want, err)
	}
}

// sealedTo makes a chain of entries 1 to n and returns its head.
func (w system) sealedTo(n int) Anchor {
	w.Helper()
	w.did(1, n)
	w.sealed(n)
	return w.head()
}

func (w system) head() Anchor {
	w.Helper()
	s, err := w.State(w.Context())
	runtest.Must(w, err)
	return s.Head
}

// verified says what a verification finds; it must be able to look.
func (w system) verified(anchors ...Anchor) Report {
	w.Helper()
	r, err := w.Verify(w.Context(), anchors, nil)
	runtest.Must(w, err)
	return r
}

// holds checks that the chain holds and has n entries.
func (w system) holds(n int64, anchors ...Anchor) {
	w.Helper()
	if r := w.verified(anchors...); r.Broken != nil || r.Checked != n {
		w.Fatalf("%d entries hold, want %d: %v", r.Checked, n, r.Broken)
	}
}

// objects are the ids of the objects of all sealed entries, in the chain's order.
func (w system) objects() (all []string) {
	w.Helper()
	records, err := w.after(w.Context(), 0, 1_000_000)
	runtest.Must(w, err)
	for i, r := range records {
		if r.Position != int64(i+1) {
			w.Fatalf("place %d follows %d", r.Position, i)
		}
		all = append(all, r.Object.ID)
	}
	return all
}

// disarmed takes the guards away, as whoever means to falsify would.
func (w system) disarmed() {
	w.Helper()
	if w.db.Name == "postgres" {
		w.exec(`ALTER TABLE audit DISABLE TRIGGER USER`)
		w.exec(`ALTER TABLE audit_chain DISABLE TRIGGER USER`)
		return
	}
	for _, name := range []string{"audit_insert", "audit_update", "audit_delete", "audit_chain_insert", "audit_chain_update", "audit_chain_delete"} {
		w.exec(`DROP TRIGGER ` + name)
	}
}

func (w system) exec(query string, args ...any) {
	w.Helper()
	if _, err := w.db.Writer().ExecContext(w.Context(), query, args...); err != nil {
		w.Fatalf("%s: %v", query, err)
	}
}

func (w system) count(query string) (n int) {
	w.Helper()
	if err := w.db.Writer().QueryRowContext(w.Context(), query).Scan(&n); err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return n
}

func equalSlices(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, want %q", what, got, want)
	}
}
