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

func TestMain(m *testing.M) { databasetest.Main(m, "attempts") }

var keys = vault.New(vault.Master{1, 2, 3})

// strict locks soon, so that stories are short.
var strict = Rules{
	Account:  Rule{Failures: 3, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Document: Rule{Failures: 2, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Face:     Rule{Failures: 10, Window: 10 * time.Minute, FirstLock: time.Minute, MaxLock: 5 * time.Minute, Forget: time.Hour},
	Faces:    Rule{Failures: 4, Again: 1, Window: time.Hour, FirstLock: 10 * time.Second, MaxLock: time.Minute, Forget: time.Hour},
}

// each runs a story on every database, with a function that opens what another
// issuer, or the same after a restart, would.
func each(t *testing.T, story func(t *testing.T, db *database.DB, at *clock, open func() *Lockout)) {
	databasetest.Each(t, func(t *testing.T, address string) {
		at := newClock()
		db, err := database.Open(t.Context(), address, at.now())
		runtest.Must(t, err)
		t.Cleanup(func() { db.Close() })
		story(t, db, at, func() *Lockout {
			f, err := NewLockout(Config{Database: db, Index: keys.Index, Rules: strict, Now: at.now})
			runtest.Must(t, err)
			return f
		})
	})
}

// fail adds failures that must count.
func fail(t *testing.T, f *Lockout, n int, keys ...Key) {
	t.Helper()
	for i := range n {
		if err := f.Count(t.Context(), keys...); err != nil {
			t.Fatalf("failure %d of %d: %v", i+1, n, err)
		}
	}
}

// lockedFor asserts how long a key is locked, to the second; 0: not at all.
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
				t.Fatalf("lock %d: a locked key is counted: %v", i, err)
			}
			lockedFor(t, open(), at, lock*time.Minute, k) // after a restart as well
			at.pass(lock * time.Minute)
			lockedFor(t, f, at, 0, k)
		}
		lockedFor(t, f, at, 0, f.Account("someone_else"))
		at.pass(time.Hour)
		fail(t, f, 3, k)
		lockedFor(t, f, at, time.Minute, k) // all was forgotten
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
			t.Error("a success left a row")
		}
	})
}

// Attempts at the same time, at two issuers: exactly as many are told that they
// failed as the rule says.
func TestLockIsExactUnderParallelFailures(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		issuers := []*Lockout{open(), open()}
		var failed, locked atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			f := issuers[i%2]
			// Each has a document of its own, and all share one: the order of the rows
			// must not matter.
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
			t.Errorf("%d were told that they failed and %d that they are locked, want 3 and 37", failed.Load(), locked.Load())
		}
		// Who was told of the lock has counted nowhere else either.
		var face, documents int
		err := db.Writer().QueryRow(`SELECT (SELECT count FROM failures WHERE kind = 'face'), (SELECT COUNT(*) FROM failures WHERE kind = 'document')`).Scan(&face, &documents)
		if err != nil || face != 3 || documents != 3 {
			t.Errorf("%d for the face, %d documents: %v", face, documents, err)
		}
	})
}

func TestClockSetBackLocksNobodyForLong(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		fail(t, f, 3, k)
		at.pass(-24 * time.Hour)
		lockedFor(t, f, at, 0, k)
		fail(t, f, 3, k)
		lockedFor(t, f, at, 2*time.Minute, k) // and the limit holds
		// Two issuers' clocks differ a little: that starts no new window.
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
			t.Fatalf("swept %d too early: %v", n, err)
		}
		at.pass(time.Millisecond)
		if n, err := f.Sweep(t.Context(), at.now()); n != many || err != nil || rows(t, db) != 1 {
			t.Fatalf("swept %d, want %d, %d left: %v", n, many, rows(t, db), err)
		}
	})
}

func rows(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	runtest.Must(t, db.Writer().QueryRow(`SELECT COUNT(*) FROM failures`).Scan(&n))
	return n
}

func TestWhatIsHeldAboutAKey(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB, at *clock, open func() *Lockout) {
		f := open()
		k := f.Account("someone")
		fail(t, f, 4-1, k)
		held, err := f.LockState(t.Context(), db.Writer(), k)
		if want := (LockState{0, 1, at.now().Add(time.Minute).Unix()}); err != nil || held != want {
			t.Fatalf("held %+v, want %+v: %v", held, want, err)
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
			t.Errorf("%s: taken", name)
		}
	}
}
