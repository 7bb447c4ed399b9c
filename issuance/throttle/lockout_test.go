package throttle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "throttle") }

var keys = vault.New(vault.Master{1, 2, 3})

// strict locks after few failures, which keeps tests short.
var strict = Rules{
	Account:  Rule{Failures: 3, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Document: Rule{Failures: 2, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Face:     Rule{Failures: 10, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Faces:    Rule{Failures: 4, AfterLock: 1, Window: time.Hour, FirstLock: 10 * time.Second, MaxLock: time.Minute, Forget: time.Hour},
}

// each runs a test on every database. open makes the lockout of another issuer, or of the same issuer after
// a process restart.
func each(t *testing.T, test func(t *testing.T, db *database.DB, at *clock, open func() *Lockout)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		at := newClock()
		db, err := database.Open(t.Context(), address, at.now())
		runtest.Must(t, err)
		t.Cleanup(func() { db.Close() })
		test(t, db, at, func() *Lockout {
			f, err := NewLockout(Config{Database: db, Index: keys.Index, Rules: strict, Now: at.now})
			runtest.Must(t, err)
			return f
		})
	})
}

// fail counts failures, which must succeed.
func fail(t *testing.T, f *Lockout, n int, keys ...Key) {
	t.Helper()
	for i := range n {
		if err := f.Count(t.Context(), keys...); err != nil {
			t.Fatalf("failure %d of %d: %v", i+1, n, err)
		}
	}
}

// lockedFor asserts the remaining duration of a lock, to the second; 0: not locked.
func lockedFor(t *testing.T, f *Lockout, at *clock, want time.Duration, keys ...Key) {
	t.Helper()
	err := f.Locked(t.Context(), keys...)
	var r *problem.Error
	var got time.Duration
	if errors.As(err, &r) {
		got = time.Unix(r.RetryAt, 0).Sub(at.now())
	} else if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("locked for %v, want %v", got, want)
	}
}

func TestFailuresLockLongerEachTime(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		for i, lock := range []time.Duration{1, 2, 4, 5, 5} {
			fail(t, f, 2, k)
			lockedFor(t, f, at, 0, k)
			fail(t, f, 1, k)
			lockedFor(t, f, at, lock*time.Minute, k)
			if err := f.Count(t.Context(), k); !problem.Is(err, TooManyFailures) {
				t.Fatalf("lock %d: a failure of a locked key is counted: %v", i, err)
			}
			lockedFor(t, open(), at, lock*time.Minute, k) // also after a process restart
			at.pass(lock * time.Minute)
			lockedFor(t, f, at, 0, k)
		}
		lockedFor(t, f, at, 0, f.Account("someone_else"))
		at.pass(time.Hour)
		fail(t, f, 3, k)
		lockedFor(t, f, at, time.Minute, k) // the row has expired
	})
}

func TestWindowEndsAndSuccessClears(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		fail(t, f, 2, k)
		at.pass(10 * time.Minute)
		fail(t, f, 2, k)
		lockedFor(t, f, at, 0, k)
		clear := func() {
			runtest.Must(t, db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return f.Clear(ctx, tx, k) }))
		}
		clear()
		fail(t, f, 2, k)
		lockedFor(t, f, at, 0, k)
		fail(t, f, 1, k)
		lockedFor(t, f, at, time.Minute, k)
		clear()
		lockedFor(t, f, at, 0, k)
		if rows(t, db) != 0 {
			t.Error("a row remains after a success")
		}
	})
}

// Of concurrent attempts at two issuers, exactly the number in the rule are counted as failures.
func TestLockIsExactUnderConcurrentFailures(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		issuers := []*Lockout{open(), open()}
		var failed, locked atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			f := issuers[i%2]
			// Each attempt has its own document, and all share two keys in different orders.
			k := []Key{f.Face(vault.PersonHash{9}, Caller{}), f.Account("someone"), f.Document(vault.PersonHash{byte(i)})}
			if i%3 == 0 {
				k[0], k[1] = k[1], k[0]
			}
			wg.Go(func() {
				switch err := f.Count(t.Context(), k...); {
				case err == nil:
					failed.Add(1)
				case problem.Is(err, TooManyFailures):
					locked.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if failed.Load() != 3 || locked.Load() != 37 {
			t.Errorf("%d attempts were counted and %d refused, want 3 and 37", failed.Load(), locked.Load())
		}
		// A refused attempt is not counted for its other keys.
		var face, documents int
		err := db.Writer().QueryRow(`SELECT (SELECT count FROM failures WHERE kind = 'face'), (SELECT COUNT(*) FROM failures WHERE kind = 'document')`).Scan(&face, &documents)
		if err != nil || face != 3 || documents != 3 {
			t.Errorf("%d failures of the face, %d documents, want 3 and 3: %v", face, documents, err)
		}
	})
}

func TestClockSetBackExtendsNoLock(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		fail(t, f, 3, k)
		at.pass(-24 * time.Hour)
		lockedFor(t, f, at, 0, k)
		fail(t, f, 3, k)
		lockedFor(t, f, at, 2*time.Minute, k) // the rule still applies
		// A small difference between the clocks of two issuers starts no new window.
		other := f.Account("other")
		fail(t, f, 2, other)
		at.pass(-2 * time.Second)
		fail(t, f, 1, other)
		lockedFor(t, f, at, time.Minute, other)
	})
}

func TestLockOfSeveralKeysEndsWithTheLast(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		a, d := f.Account("someone"), f.Document(vault.PersonHash{1})
		fail(t, f, 2, d)
		at.pass(30 * time.Second)
		fail(t, f, 3, a)
		lockedFor(t, f, at, time.Minute, a, d)
		lockedFor(t, f, at, time.Minute, d, a)
		at.pass(40 * time.Second)
		lockedFor(t, f, at, 0, d)
		lockedFor(t, f, at, 20*time.Second, d, a)
	})
}

func TestOldFailuresAreSwept(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		many := sweepBatch + 20
		err := db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
			for i := range many {
				if err := f.Add(ctx, tx, f.Account(fmt.Sprint("someone", i))); err != nil {
					return err
				}
			}
			return nil
		})
		runtest.Must(t, err)
		at.pass(time.Hour - time.Millisecond)
		fail(t, f, 1, f.Account("late"))
		if n, err := f.Sweep(t.Context(), at.now()); n != 0 || err != nil {
			t.Fatalf("deleted %d rows too early: %v", n, err)
		}
		at.pass(time.Millisecond)
		if n, err := f.Sweep(t.Context(), at.now()); n != many || err != nil || rows(t, db) != 1 {
			t.Fatalf("deleted %d rows, want %d; %d remain: %v", n, many, rows(t, db), err)
		}
	})
}

func rows(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	runtest.Must(t, db.Writer().QueryRow(`SELECT COUNT(*) FROM failures`).Scan(&n))
	return n
}

func TestLockStateOfAKey(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		fail(t, f, 4-1, k)
		state, err := f.LockState(t.Context(), db.Writer(), k)
		if want := (LockState{0, 1, at.now().Add(time.Minute).Unix()}); err != nil || state != want {
			t.Fatalf("%+v, want %+v: %v", state, want, err)
		}
	})
}

func TestRulesAreChecked(t *testing.T) {
	if err := DefaultRules.Check(); err != nil {
		t.Error(err)
	}
	for name, break_ := range map[string]func(*Rule){
		"no failures":          func(r *Rule) { r.Failures = 0 },
		"no window":            func(r *Rule) { r.Window = 0 },
		"no lock":              func(r *Rule) { r.FirstLock = 0 },
		"longest before first": func(r *Rule) { r.MaxLock = r.FirstLock - 1 },
		"forgets too early":    func(r *Rule) { r.Forget = r.Window - 1 },
		"locks for ever":       func(r *Rule) { r.MaxLock = 8 * 24 * time.Hour },
	} {
		rules := DefaultRules
		break_(&rules.Document)
		if err := rules.Check(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
