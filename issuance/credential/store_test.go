package credential

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

const nowMs = tokentest.Epoch * 1000

const partitions = 4

// everyDatabase runs a test on SQLite, and on PostgreSQL if there is one.
func everyDatabase(t *testing.T, test func(t *testing.T, open func() *Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, address string) { test(t, opener(t, address)) })
}

// each is everyDatabase for tests of one process.
func each(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	everyDatabase(t, func(t *testing.T, open func() *Store) { test(t, open()) })
}

// opener opens the same database each time; every store is closed at the end.
func opener(t *testing.T, address string) func() *Store {
	return func() *Store {
		t.Helper()
		box, err := outbox.Open(context.Background(), outbox.Config{Database: address, Partitions: partitions,
			Sources: []outbox.Source{keyring.ActiveRecords, ActiveRecords}, Now: func() time.Time { return time.UnixMilli(nowMs) }})
		runtest.Must(t, err)
		t.Cleanup(func() { box.Close() })
		return NewStore(box, audittest.OpenLog(t, box.Database()))
	}
}

// keys are the issuer keys of a store's database.
func keys(t *testing.T, s *Store) *keyring.Store {
	t.Helper()
	k, err := keyring.NewStore(keyring.Config{Outbox: s.outbox, Sessions: Sessions{}, AuditLog: s.auditLog})
	runtest.Must(t, err)
	return k
}

// apply stores an application of test person n.
func apply(t *testing.T, s *Store, n int) Application {
	t.Helper()
	a := Application{
		ID: fmt.Sprintf("app_%032x", n), Document: identity.ResidentID, Person: vault.PersonHash{byte(n), byte(n >> 8)},
		Name: []byte("name"), Number: []byte("number"), City: []byte("city"), Created: nowMs,
	}
	a.Access[0], a.Access[1] = byte(n), byte(n>>8)
	runtest.Must(t, s.CreateApplication(t.Context(), a))
	return a
}

func check(n int, application string) Check {
	return Check{ID: fmt.Sprintf("chk_%032x", n), Application: application, Passed: nowMs, Expires: nowMs + 120_000}
}

// grant is an approval of test person n.
func grant(n int) Grant {
	return Grant{Person: vault.PersonHash{byte(n), byte(n >> 8)}, Subject: tokens.Subject{1, 2, 3}, At: nowMs}
}

// approved makes a credential for test person n.
func approved(t *testing.T, s *Store, n int) *Credential {
	t.Helper()
	a := apply(t, s, n)
	d := decide(t, s, check(n, a.ID), grant(n))
	if !d.Approved {
		t.Fatalf("not approved: %+v", d)
	}
	return d.Credential
}

func decide(t *testing.T, s *Store, c Check, g Grant) Decision {
	t.Helper()
	d, err := s.Decide(t.Context(), c.Application, &c, g)
	runtest.Must(t, err)
	return d
}

func TestApplicationIsReadAsStored(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		a := apply(t, s, 1)
		apply(t, s, 2)
		a.State, a.StateSince = StateSubmitted, a.Created
		got, c, err := s.Application(t.Context(), a.ID)
		if err != nil || c != nil {
			t.Fatalf("credential %v, %v", c, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(a) {
			t.Fatalf("got %+v, stored %+v", got, a)
		}
		made := decide(t, s, check(1, a.ID), grant(1)).Credential
		_, c, err = s.Application(t.Context(), a.ID)
		if err != nil || *c != *made {
			t.Fatalf("credential %+v, made %+v, %v", c, made, err)
		}
		if _, _, err := s.Application(t.Context(), "app_9"); !errors.Is(err, database.ErrNotFound) {
			t.Fatalf("an unknown id: %v", err)
		}
	})
}

func TestCheckOpensOneSession(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c, other := approved(t, s, 1), approved(t, s, 2)
		session := func(id string) SessionRow {
			return SessionRow{ID: id, Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, Start: nowMs, Pass: []byte{1}, Seed: []byte{2}}
		}
		foreign := session("ses_1")
		foreign.Application, foreign.Access = other.Application, [32]byte{2}
		if err := s.openSession(t.Context(), opening{foreign, nowMs}); !errors.Is(err, errCheckRequired) {
			t.Fatalf("another application's check: %v", err)
		}
		if err := s.openSession(t.Context(), opening{session("ses_1"), nowMs + 120_000}); !errors.Is(err, errCheckRequired) {
			t.Fatalf("a check two minutes old: %v", err)
		}
		runtest.Must(t, s.openSession(t.Context(), opening{session("ses_1"), nowMs + 119_999}))
		if err := s.openSession(t.Context(), opening{session("ses_2"), nowMs + 1}); !errors.Is(err, errCheckRequired) {
			t.Fatalf("a check used before: %v", err)
		}
		got, a, credential, err := s.viewing(t.Context(), "ses_1")
		want := session("ses_1")
		want.Access = [32]byte{} // not stored
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || a.ID != c.Application || *credential != *c {
			t.Fatalf("got %+v of %s, want %+v, %v", got, a.ID, want, err)
		}
		if _, _, _, err := s.viewing(t.Context(), "ses_2"); !errors.Is(err, database.ErrNotFound) {
			t.Fatalf("a session that was not opened: %v", err)
		}
	})
}

// If a page is closed while it opens a session, either the session is closed with it, or it
// does not open.
func TestNoSessionIsOpenAfterItsPageIsClosed(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		for n := range 40 {
			c := approved(t, s, n)
			access := [32]byte{byte(n), byte(n >> 8)}
			var both sync.WaitGroup
			both.Go(func() {
				err := s.openSession(t.Context(), opening{SessionRow{ID: fmt.Sprintf("ses_%d", n), Application: c.Application, Access: access, Check: check(n, "").ID, Start: nowMs, Seed: []byte{1}}, nowMs})
				if err != nil && !errors.Is(err, errUnauthorized) {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := s.closeAccess(t.Context(), c.Application, access, nowMs); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
		}
		var shown int
		if err := s.db.Writer().QueryRow(`SELECT COUNT(*) FROM sessions WHERE closed_ms IS NULL OR seed IS NOT NULL`).Scan(&shown); err != nil || shown != 0 {
			t.Fatalf("%d sessions are open after their page was closed: %v", shown, err)
		}
	})
}

// Two concurrent checks of one application approve it once.
func TestSecondCheckDoesNotApproveAgain(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		again := decide(t, s, check(2, c.Application), grant(1))
		if again.Approved || *again.Credential != *c {
			t.Fatalf("%+v, want %+v", again, c)
		}
	})
}

// Serials are dense: an approval that fails gives its index back.
func TestFailedApprovalLeavesNoGap(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		if c := approved(t, s, 1); c.Serial.Index != 0 {
			t.Fatalf("the first index is %d", c.Serial.Index)
		}
		a := apply(t, s, 2)
		broken := grant(2)
		day := int64(tokens.DayOf(nowMs/1000)) + 1
		broken.At += 24 * 60 * 60 * 1000 // on a day without a free serial
		_, err := s.db.Writer().Exec(`INSERT INTO serials (day, next_index) VALUES ($1, $2)`, day, int64(IndexEnd))
		runtest.Must(t, err)
		second := check(2, a.ID)
		if _, err := s.Decide(t.Context(), a.ID, &second, broken); !errors.Is(err, errDayFull) {
			t.Fatalf("a full day: %v", err)
		}
		var next int64
		if err := s.db.Writer().QueryRow(`SELECT next_index FROM serials WHERE day = $1`, day).Scan(&next); err != nil || next != IndexEnd {
			t.Fatalf("the counter moved to %d: %v", next, err)
		}
		if d := decide(t, s, second, grant(2)); d.Credential.Serial.Index != 1 {
			t.Fatalf("index %v", d.Credential.Serial)
		}
	})
}

// Concurrent sessions on one check: one is opened.
func TestConcurrentRequestsOpenOneSessionOnACheck(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		var opened atomic.Int64
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				err := s.openSession(t.Context(), opening{SessionRow{
					ID: fmt.Sprintf("ses_%032x", n), Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, Start: nowMs,
				}, nowMs})
				switch {
				case err == nil:
					opened.Add(1)
				case !errors.Is(err, errCheckRequired):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Fatalf("%d sessions on one check", opened.Load())
		}
	})
}

// 200 concurrent checks, two of each application: serials are unique, and few indexes are
// unused.
func TestConcurrentApprovalsHaveUniqueSerials(t *testing.T) {
	const applications = 100
	each(t, func(t *testing.T, s *Store) {
		for n := range applications {
			apply(t, s, n)
		}
		given := make([]tokens.Serial, applications)
		var fresh atomic.Int64
		var all sync.WaitGroup
		for n := range 2 * applications {
			all.Go(func() {
				c := check(n, fmt.Sprintf("app_%032x", n%applications))
				d, err := s.Decide(t.Context(), c.Application, &c, grant(n%applications))
				if err != nil {
					t.Error(err)
					return
				}
				if d.Approved {
					fresh.Add(1)
					given[n%applications] = d.Credential.Serial
				}
			})
		}
		all.Wait()
		seen := make(map[uint32]bool)
		for _, serial := range given {
			if seen[serial.Index] || serial.Index >= 2*applications {
				t.Fatalf("%s is out of range or given twice", serial)
			}
			seen[serial.Index] = true
		}
		if fresh.Load() != applications {
			t.Fatalf("%d approvals of %d applications", fresh.Load(), applications)
		}
	})
}
