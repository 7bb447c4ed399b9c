package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

func TestEntriesAreChainedOnceInOrder(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.mustChain(0)
		h.appendActs(1, 3)
		h.mustChain(3)
		h.mustChain(0)
		h.appendActs(4, 5)
		h.mustChain(2)
		equalSlices(t, "chain", h.objects(), []string{"20494-1", "20494-2", "20494-3", "20494-4", "20494-5"})
		h.mustHold(5)
	})
}

func TestChainProcessesSeveralBatches(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.appendMany(2*chainBatch + 7)
		h.mustChain(2*chainBatch + 7)
		h.mustHold(2*chainBatch + 7)
	})
}

// The database assigns an id before the commit: a row may become visible after a later id was chained. It is
// chained later, and no row is skipped.
func TestLateCommitIsChainedLater(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		if h.db.Name == "sqlite" {
			t.Skip("SQLite has one writing transaction at a time")
		}
		late, lost := h.beginAppend(entry(1)), h.beginAppend(entry(2))
		h.appendActs(3, 4)
		h.mustChain(2)
		h.commit(late)
		runtest.Must(t, lost.Rollback())
		h.appendActs(5, 5)
		h.mustChain(2)
		equalSlices(t, "chain", h.objects(), []string{"20494-3", "20494-4", "20494-1", "20494-5"})
		h.mustHold(4)
		if late, next := h.count(`SELECT id FROM audit WHERE object = '20494-1'`), h.count(`SELECT id FROM audit WHERE object = '20494-3'`); late > next {
			t.Fatalf("the late entry has row %d after row %d: the setup failed", late, next)
		}
	})
}

// Chain reads entries after it has the lock: it does not chain an entry again that another process chained
// during the wait, and does not miss an entry that was committed during the wait.
func TestChainReadsEntriesAfterTheLock(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		if h.db.Name == "sqlite" {
			t.Skip("SQLite has one writing transaction at a time")
		}
		h.appendActs(1, 2)
		first, err := h.db.Writer().BeginTx(t.Context(), nil)
		runtest.Must(t, err)
		defer first.Rollback()
		if _, err := readEnds(t.Context(), first, h.db.ForUpdate); err != nil {
			t.Fatal(err)
		}
		// The first transaction chains entry 1 only and has not committed.
		r := h.record(1)
		r.Position, r.Hash = 1, h.link(Hash{}, 1, &r)
		runtest.Must(t, h.writePositions(t.Context(), first, []Record{r}))
		if _, err := first.ExecContext(t.Context(), `UPDATE audit_chain SET position = 1, head_hash = $1`, r.Hash[:]); err != nil {
			t.Fatal(err)
		}
		type answer struct {
			n   int
			err error
		}
		second := make(chan answer, 1)
		go func() {
			n, err := h.Chain(context.WithoutCancel(t.Context()))
			second <- answer{n, err}
		}()
		h.until("the second transaction to wait for the lock", func() bool {
			return h.count(`SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM audit_chain%FOR UPDATE' AND datname = current_database()`) > 0
		})
		h.appendActs(3, 3)
		h.commit(first)
		if a := <-second; a.n != 2 || a.err != nil {
			t.Fatalf("chained %d, want 2: %v", a.n, a.err)
		}
		equalSlices(t, "chain", h.objects(), []string{"20494-1", "20494-2", "20494-3"})
		h.mustHold(3)
	})
}

// Concurrent appends that commit late or abort, several chaining processes and a verification: each committed
// entry is chained once.
func TestConcurrentAppendsChainingAndVerification(t *testing.T) {
	const appenders, each1, chainers = 8, 40, 3
	each(t, func(t *testing.T, h harness) {
		var mu sync.Mutex
		var committed []string
		var done atomic.Bool
		var appends, others sync.WaitGroup
		for a := range appenders {
			random := rand.New(rand.NewPCG(uint64(a), 1))
			appends.Go(func() {
				for n := range each1 {
					e := entry(1 + a*each1 + n)
					abort := random.IntN(5) == 0
					err := h.db.Change(context.Background(), "action", func(ctx context.Context, tx *sql.Tx) error {
						if err := h.Append(ctx, tx, e); err != nil {
							return err
						}
						time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond) // delays the commit; no append waits for it
						if abort {
							return errAborted
						}
						return nil
					})
					if abort != errors.Is(err, errAborted) || !abort && err != nil {
						t.Errorf("action: %v", err)
					}
					if err == nil {
						mu.Lock()
						committed = append(committed, e.Object.ID)
						mu.Unlock()
					}
				}
			})
		}
		for range chainers {
			others.Go(func() {
				for !done.Load() {
					if _, err := h.Chain(context.Background()); err != nil {
						t.Errorf("chain: %v", err)
					}
				}
			})
		}
		others.Go(func() {
			for !done.Load() {
				if r, err := h.Verify(context.Background(), nil, nil); err != nil || r.Broken != nil {
					t.Errorf("verification during appends: %v, %v", r.Broken, err)
				}
			}
		})
		appends.Wait()
		done.Store(true)
		others.Wait()
		_, err := h.Chain(t.Context())
		runtest.Must(t, err)
		chain := h.objects()
		slices.Sort(chain)
		slices.Sort(committed)
		equalSlices(t, "chained", chain, committed)
		h.mustHold(int64(len(committed)))
	})
}

var errAborted = errors.New("aborted")

// A failed batch leaves all its entries unchained.
func TestBatchIsChainedCompletelyOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, h harness) {
		h.chainTo(2)
		h.appendActs(3, 4)
		h.dropGuards()
		h.exec(`UPDATE audit SET position = 4, hash = $1 WHERE position = 2`, make([]byte, 32)) // the second entry's position
		if n, err := h.Chain(t.Context()); n != 0 || err == nil {
			t.Fatalf("chained %d: %v", n, err)
		}
		if s, err := h.State(t.Context()); err != nil || s.Head.Position != 2 || s.Unchained != 2 || s.OldestMs != entry(3).AtMs {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

// beginAppend appends in a transaction that stays open.
func (h harness) beginAppend(e Entry) *sql.Tx {
	h.Helper()
	tx, err := h.db.Writer().BeginTx(h.Context(), nil)
	if err == nil {
		err = h.Append(h.Context(), tx, e)
	}
	runtest.Must(h, err)
	h.Cleanup(func() { tx.Rollback() })
	return tx
}

func (h harness) commit(tx *sql.Tx) {
	h.Helper()
	runtest.Must(h, tx.Commit())
}

// record reads the row of entry n.
func (h harness) record(n int) Record {
	h.Helper()
	p, err := h.Read(h.Context(), Query{Object: Object{Credential, fmt.Sprintf("20494-%d", n)}})
	if err != nil || len(p.Records) != 1 {
		h.Fatalf("%d rows: %v", len(p.Records), err)
	}
	return p.Records[0]
}

// until polls for a condition for at most ten seconds.
func (h harness) until(what string, holds func() bool) {
	h.Helper()
	runtest.Eventually(h, 10*time.Second, what, holds)
}

// The triggers refuse statements that only a mistake of the program would execute.
func TestDatabaseRefusesToChangeTheAuditLog(t *testing.T) {
	const values = `(at_ms, who, role, action, object_kind, object, detail, request, position, hash) VALUES (1, 'a', 'window', 'revoke', 'key', '1', '', '', `
	statements := map[string]string{
		"change a chained entry":    `UPDATE audit SET detail = 'fraud' WHERE position = 1`,
		"change an unchained entry": `UPDATE audit SET detail = 'fraud' WHERE position IS NULL`,
		"touch without a change":    `UPDATE audit SET detail = detail WHERE position = 1`,
		"unchain":                   `UPDATE audit SET position = NULL, hash = NULL WHERE position = 2`,
		"chain again":               `UPDATE audit SET position = 9 WHERE position = 2`,
		"chain at an old position":  `UPDATE audit SET position = 0, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"chain and change":          `UPDATE audit SET position = 9, who = 'x', hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"a position without a hash": `UPDATE audit SET position = 9 WHERE position IS NULL`,
		"delete a chained entry":    `DELETE FROM audit WHERE position = 1`,
		"delete an unchained entry": `DELETE FROM audit WHERE position IS NULL`,
		"delete everything":         `DELETE FROM audit`,
		"insert a chained entry":    `INSERT INTO audit ` + values + `9, (SELECT head_hash FROM audit_chain))`,
		"set the head back":         `UPDATE audit_chain SET position = 1`,
		"set the base past the end": `UPDATE audit_chain SET base = 99`,
		"delete the head":           `DELETE FROM audit_chain`,
		"a second head":             `INSERT INTO audit_chain SELECT 2, position, head_hash, base, base_hash, base_seal FROM audit_chain`,
	}
	only := map[string]map[string]string{
		"postgres": {
			"truncate":          `TRUNCATE audit`,
			"truncate the head": `TRUNCATE audit_chain`,
			"upsert":            `INSERT INTO audit_chain SELECT * FROM audit_chain ON CONFLICT (id) DO UPDATE SET position = 0`,
		},
		"sqlite": {
			"replace a chained entry":    `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position = 1`,
			"replace an unchained entry": `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position IS NULL`,
			"replace by chaining":        `UPDATE OR REPLACE audit SET position = 1, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
			"replace the head":           `REPLACE INTO audit_chain SELECT 1, 0, head_hash, 0, base_hash, base_seal FROM audit_chain`,
		},
	}
	each(t, func(t *testing.T, h harness) {
		h.chainTo(3)
		h.appendActs(4, 4)
		try := func(what, query string) {
			_, err := h.db.Writer().ExecContext(t.Context(), query)
			if err == nil {
				t.Errorf("%s: succeeded", what)
			} else if text := strings.ToLower(err.Error()); !strings.Contains(text, "audit: ") && !strings.Contains(text, "check constraint") {
				t.Errorf("%s: refused for another reason: %v", what, err)
			}
		}
		for what, query := range statements {
			try(what, query)
		}
		for what, query := range only[h.db.Name] {
			try(what, query)
		}
		h.mustChain(1)
		h.mustHold(4)
		equalSlices(t, "chain", h.objects(), []string{"20494-1", "20494-2", "20494-3", "20494-4"})
	})
}
