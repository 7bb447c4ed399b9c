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

func TestEntriesAreSealedOnceInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealed(0)
		w.did(1, 3)
		w.sealed(3)
		w.sealed(0)
		w.did(4, 5)
		w.sealed(2)
		equalSlices(t, "chain", w.objects(), []string{"20494-1", "20494-2", "20494-3", "20494-4", "20494-5"})
		w.holds(5)
	})
}

func TestMoreThanABatchIsSealedAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.appendedMany(2*sealBatch + 7)
		w.sealed(2*sealBatch + 7)
		w.holds(2*sealBatch + 7)
	})
}

// An id is given before its commit: a row may become visible after a later id
// was sealed. It is then sealed later, and nothing is skipped.
func TestEntryThatCommitsLateIsSealedLate(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		if w.db.Name == "sqlite" {
			t.Skip("one transaction writes at a time: none can be held open beside another")
		}
		held, lost := w.begun(entry(1)), w.begun(entry(2))
		w.did(3, 4)
		w.sealed(2)
		w.commit(held)
		runtest.Must(t, lost.Rollback())
		w.did(5, 5)
		w.sealed(2)
		equalSlices(t, "chain", w.objects(), []string{"20494-3", "20494-4", "20494-1", "20494-5"})
		w.holds(4)
		if late, next := w.count(`SELECT id FROM audit WHERE object = '20494-1'`), w.count(`SELECT id FROM audit WHERE object = '20494-3'`); late > next {
			t.Fatalf("the story did not happen: row %d, then %d", late, next)
		}
	})
}

// Who seals looks only after the lock is his: what another sealed while he waited
// is not sealed again, and what was committed meanwhile is not missed.
func TestSealerWhoWaitedSeesWhatHappened(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		if w.db.Name == "sqlite" {
			t.Skip("one transaction writes at a time")
		}
		w.did(1, 2)
		first, err := w.db.Writer().BeginTx(t.Context(), nil)
		runtest.Must(t, err)
		defer first.Rollback()
		if _, err := readEnds(t.Context(), first, w.db.ForUpdate); err != nil {
			t.Fatal(err)
		}
		// The first one seals entry 1 only, and has not committed.
		r := w.record(1)
		r.Position, r.Hash = 1, w.link(Hash{}, 1, &r)
		runtest.Must(t, w.place(t.Context(), first, []Record{r}))
		if _, err := first.ExecContext(t.Context(), `UPDATE audit_chain SET position = 1, head_hash = $1`, r.Hash[:]); err != nil {
			t.Fatal(err)
		}
		type answer struct {
			n   int
			err error
		}
		second := make(chan answer, 1)
		go func() {
			n, err := w.Chain(context.WithoutCancel(t.Context()))
			second <- answer{n, err}
		}()
		w.until("the second one waits for the lock", func() bool {
			return w.count(`SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM audit_chain%FOR UPDATE' AND datname = current_database()`) > 0
		})
		w.did(3, 3)
		w.commit(first)
		if a := <-second; a.n != 2 || a.err != nil {
			t.Fatalf("sealed %d: %v", a.n, a.err)
		}
		equalSlices(t, "chain", w.objects(), []string{"20494-1", "20494-2", "20494-3"})
		w.holds(3)
	})
}

// Appenders that commit late, or not at all, beside several who seal and one who
// verifies: whatever was committed is sealed once.
func TestManyAppendAndSealAtOnce(t *testing.T) {
	const appenders, each1, sealers = 8, 40, 3
	each(t, func(t *testing.T, w system) {
		var mu sync.Mutex
		var committed []string
		var done atomic.Bool
		var acts, watch sync.WaitGroup
		for a := range appenders {
			random := rand.New(rand.NewPCG(uint64(a), 1))
			acts.Go(func() {
				for n := range each1 {
					e := entry(1 + a*each1 + n)
					abort := random.IntN(5) == 0
					err := w.db.Change(context.Background(), "act", func(ctx context.Context, tx *sql.Tx) error {
						if err := w.Append(ctx, tx, e); err != nil {
							return err
						}
						time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond) // holds its id back; nothing waits for it
						if abort {
							return errAborted
						}
						return nil
					})
					if abort != errors.Is(err, errAborted) || !abort && err != nil {
						t.Errorf("act: %v", err)
					}
					if err == nil {
						mu.Lock()
						committed = append(committed, e.Object.ID)
						mu.Unlock()
					}
				}
			})
		}
		for range sealers {
			watch.Go(func() {
				for !done.Load() {
					if _, err := w.Chain(context.Background()); err != nil {
						t.Errorf("seal: %v", err)
					}
				}
			})
		}
		watch.Go(func() {
			for !done.Load() {
				if r, err := w.Verify(context.Background(), nil, nil); err != nil || r.Broken != nil {
					t.Errorf("verified while it grew: %v, %v", r.Broken, err)
				}
			}
		})
		acts.Wait()
		done.Store(true)
		watch.Wait()
		_, err := w.Chain(t.Context())
		runtest.Must(t, err)
		chain := w.objects()
		slices.Sort(chain)
		slices.Sort(committed)
		equalSlices(t, "sealed", chain, committed)
		w.holds(int64(len(committed)))
	})
}

var errAborted = errors.New("aborted")

// A seal that fails half way leaves everything unsealed.
func TestSealIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, w system) {
		w.sealedTo(2)
		w.did(3, 4)
		w.disarmed()
		w.exec(`UPDATE audit SET position = 4, hash = $1 WHERE position = 2`, make([]byte, 32)) // where the second one would go
		if n, err := w.Chain(t.Context()); n != 0 || err == nil {
			t.Fatalf("sealed %d: %v", n, err)
		}
		if s, err := w.State(t.Context()); err != nil || s.Head.Position != 2 || s.Unchained != 2 || s.OldestMs != entry(3).AtMs {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}

// begun appends in a transaction that stays open.
func (w system) begun(e Entry) *sql.Tx {
	w.Helper()
	tx, err := w.db.Writer().BeginTx(w.Context(), nil)
	if err == nil {
		err = w.Append(w.Context(), tx, e)
	}
	runtest.Must(w, err)
	w.Cleanup(func() { tx.Rollback() })
	return tx
}

func (w system) commit(tx *sql.Tx) {
	w.Helper()
	runtest.Must(w, tx.Commit())
}

// record reads the nth act's row.
func (w system) record(n int) Record {
	w.Helper()
	p, err := w.Read(w.Context(), Query{Object: Object{Credential, fmt.Sprintf("20494-%d", n)}})
	if err != nil || len(p.Records) != 1 {
		w.Fatalf("%d rows: %v", len(p.Records), err)
	}
	return p.Records[0]
}

// until polls for a condition, ten seconds at most.
func (w system) until(what string, holds func() bool) {
	w.Helper()
	runtest.Eventually(w, 10*time.Second, what, holds)
}

// What a slip of ours could ask of the database, and must not get.
func TestDatabaseRefusesToChangeTheTrail(t *testing.T) {
	const values = `(at_ms, who, role, action, object_kind, object, detail, request, position, hash) VALUES (1, 'a', 'window', 'revoke', 'key', '1', '', '', `
	slips := map[string]string{
		"change a sealed entry":     `UPDATE audit SET detail = 'fraud' WHERE position = 1`,
		"change an unsealed entry":  `UPDATE audit SET detail = 'fraud' WHERE position IS NULL`,
		"touch without a change":    `UPDATE audit SET detail = detail WHERE position = 1`,
		"unseal":                    `UPDATE audit SET position = NULL, hash = NULL WHERE position = 2`,
		"seal anew":                 `UPDATE audit SET position = 9 WHERE position = 2`,
		"seal in the past":          `UPDATE audit SET position = 0, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"seal and change":           `UPDATE audit SET position = 9, who = 'x', hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
		"a place without a hash":    `UPDATE audit SET position = 9 WHERE position IS NULL`,
		"delete a sealed entry":     `DELETE FROM audit WHERE position = 1`,
		"delete an unsealed entry":  `DELETE FROM audit WHERE position IS NULL`,
		"delete everything":         `DELETE FROM audit`,
		"insert a sealed entry":     `INSERT INTO audit ` + values + `9, (SELECT head_hash FROM audit_chain))`,
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
			"replace a sealed entry":    `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position = 1`,
			"replace an unsealed entry": `REPLACE INTO audit (id, at_ms, who, role, action, object_kind, object, detail, request) SELECT id, 1, 'x', role, action, object_kind, object, detail, request FROM audit WHERE position IS NULL`,
			"replace by sealing":        `UPDATE OR REPLACE audit SET position = 1, hash = (SELECT hash FROM audit WHERE position = 1) WHERE position IS NULL`,
			"replace the head":          `REPLACE INTO audit_chain SELECT 1, 0, head_hash, 0, base_hash, base_seal FROM audit_chain`,
		},
	}
	each(t, func(t *testing.T, w system) {
		w.sealedTo(3)
		w.did(4, 4)
		try := func(what, query string) {
			_, err := w.db.Writer().ExecContext(t.Context(), query)
			if err == nil {
				t.Errorf("%s: done", what)
			} else if text := strings.ToLower(err.Error()); !strings.Contains(text, "audit: ") && !strings.Contains(text, "check constraint") {
				t.Errorf("%s: refused for another reason: %v", what, err)
			}
		}
		for what, query := range slips {
			try(what, query)
		}
		for what, query := range only[w.db.Name] {
			try(what, query)
		}
		w.sealed(1)
		w.holds(4)
		equalSlices(t, "chain", w.objects(), []string{"20494-1", "20494-2", "20494-3", "20494-4"})
	})
}
