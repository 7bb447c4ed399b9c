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
	noon    = time.Date(2026, 2, 10, 4, 0, 0, 0, time.UTC) // noon in Beijing
	testKey = vault.Key{1, 2, 3}
)

// harness is an audit log on its own database.
type harness struct {
	*testing.T
	*auditLog
}

// auditLog has another name than [testing.T.Log].
type auditLog = Log

// each runs a test on every kind of database.
func each(t *testing.T, test func(t *testing.T, h harness)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		db, err := database.Open(t.Context(), address, noon)
		runtest.Must(t, err)
		t.Cleanup(func() { db.Close() })
		test(t, harness{t, newLog(t, db, testKey)})
	})
}

func newLog(t *testing.T, db *database.DB, key vault.Key) *Log {
	t.Helper()
	log, err := New(Config{DB: db, Key: key, Now: func() time.Time { return noon.Add(time.Minute) }})
	runtest.Must(t, err)
	return log
}

// entry is action n of a station window.
func entry(n int) Entry {
	return Entry{AtMs: noon.UnixMilli() + int64(n), Who: "hongqiao-window-3", Role: staff.Window, Action: staff.Revoke,
		Object: Object{Credential, fmt.Sprintf("20494-%d", n)}, Detail: "lost_phone", Request: fmt.Sprintf("r%d", n)}
}

// appendActs appends entries first to last, each in its own transaction.
func (h harness) appendActs(first, last int) {
	h.Helper()
	for n := first; n <= last; n++ {
		h.appendEntry(entry(n))
	}
}

func (h harness) appendEntry(e Entry) {
	h.Helper()
	runtest.Must(h, h.db.Change(h.Context(), "action", func(ctx context.Context, tx *sql.Tx) error { return h.Append(ctx, tx, e) }))
}

// mustChain chains and asserts the number of chained entries.
func (h harness) mustChain(want int) {
	h.Helper()
	if n, err := h.Chain(h.Context()); n != want || err != nil {
		h.Fatalf("chained %d, want %d: %v", n, want, err)
	}
}

// chainTo makes a chain of entries 1 to n and returns its head.
func (h harness) chainTo(n int) Anchor {
	h.Helper()
	h.appendActs(1, n)
	h.mustChain(n)
	return h.head()
}

func (h harness) head() Anchor {
	h.Helper()
	s, err := h.State(h.Context())
	runtest.Must(h, err)
	return s.Head
}

// mustVerify returns the report of a verification, which must complete.
func (h harness) mustVerify(anchors ...Anchor) Report {
	h.Helper()
	r, err := h.Verify(h.Context(), anchors, nil)
	runtest.Must(h, err)
	return r
}

// mustHold asserts that the chain is valid and has n entries.
func (h harness) mustHold(n int64, anchors ...Anchor) {
	h.Helper()
	if r := h.mustVerify(anchors...); r.Broken != nil || r.Checked != n {
		h.Fatalf("%d entries are valid, want %d: %v", r.Checked, n, r.Broken)
	}
}

// objects returns the ids of the objects of all chained entries, in the chain's order.
func (h harness) objects() (all []string) {
	h.Helper()
	records, err := h.after(h.Context(), 0, 1_000_000)
	runtest.Must(h, err)
	for i, r := range records {
		if r.Position != int64(i+1) {
			h.Fatalf("position %d follows %d", r.Position, i)
		}
		all = append(all, r.Object.ID)
	}
	return all
}

// dropGuards removes the triggers, as an attacker would.
func (h harness) dropGuards() {
	h.Helper()
	if h.db.Name == "postgres" {
		h.exec(`ALTER TABLE audit DISABLE TRIGGER USER`)
		h.exec(`ALTER TABLE audit_chain DISABLE TRIGGER USER`)
		return
	}
	for _, name := range []string{"audit_insert", "audit_update", "audit_delete", "audit_chain_insert", "audit_chain_update", "audit_chain_delete"} {
		h.exec(`DROP TRIGGER ` + name)
	}
}

func (h harness) exec(query string, args ...any) {
	h.Helper()
	if _, err := h.db.Writer().ExecContext(h.Context(), query, args...); err != nil {
		h.Fatalf("%s: %v", query, err)
	}
}

func (h harness) count(query string) (n int) {
	h.Helper()
	if err := h.db.Writer().QueryRowContext(h.Context(), query).Scan(&n); err != nil {
		h.Fatalf("%s: %v", query, err)
	}
	return n
}

func equalSlices(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, want %q", what, got, want)
	}
}
