package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/audittest"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

const nowMs = tokentest.Epoch * 1000

const partitions = 4

// everyDatabase runs a story on SQLite, and on PostgreSQL if there is one.
func everyDatabase(t *testing.T, story func(t *testing.T, open func() *Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, address string) { story(t, opener(t, address)) })
}

// opener opens the same database each time; every store is closed at the end.
func opener(t *testing.T, database string) func() *Store {
	return func() *Store {
		t.Helper()
		s, err := Open(context.Background(), Config{Database: database, Partitions: partitions, Now: func() time.Time { return time.UnixMilli(nowMs) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		s.SetTrail(audittest.On(t, s.Database()))
		return s
	}
}

func TestMain(m *testing.M) { databasetest.Main(m, "store") }

// apply keeps an application of test person n.
func apply(t *testing.T, s *Store, n int) Application {
	t.Helper()
	a := Application{
		ID: fmt.Sprintf("app_%032x", n), Document: identity.ResidentID, Person: vault.PersonHash{byte(n), byte(n >> 8)},
		Name: []byte("name"), Number: []byte("number"), City: []byte("city"), CreatedMs: nowMs,
	}
	a.Access[0], a.Access[1] = byte(n), byte(n>>8)
	if err := s.CreateApplication(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a
}

func check(n int, application string) Check {
	return Check{ID: fmt.Sprintf("chk_%032x", n), Application: application, PassedMs: nowMs, ExpiresMs: nowMs + 120_000}
}

// grant is what test person n may be given.
func grant(n int) Grant {
	return Grant{
		Person: vault.PersonHash{byte(n), byte(n >> 8)}, Month: 202602, Quota: 3, RenewalMs: 3 * 60 * 60 * 1000,
		Day: uint16(tokens.DayOf(nowMs / 1000)), Subject: tokens.Subject{1, 2, 3}, Scopes: tokens.AllScopes,
		ApprovedMs: nowMs, ExpiresMs: nowMs + tokens.CredentialLife*1000,
	}
}

// approved takes test person n to a credential.
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
	d, err := s.Decide(t.Context(), c.Application, &c, g, why)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func why(err error) problem.Code { return problem.Code(err.Error()) }

func TestApplicationComesBackAsItWas(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		a := apply(t, s, 1)
		apply(t, s, 2)
		a.State, a.StateMs = Submitted, a.CreatedMs
		got, c, err := s.Application(t.Context(), a.ID)
		if err != nil || c != nil {
			t.Fatalf("credential %v, %v", c, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(a) {
			t.Fatalf("got %+v, kept %+v", got, a)
		}
		made := decide(t, s, check(1, a.ID), grant(1)).Credential
		_, c, err = s.Application(t.Context(), a.ID)
		if err != nil || *c != *made {
			t.Fatalf("credential %+v, made %+v, %v", c, made, err)
		}
		if _, _, err := s.Application(t.Context(), "app_9"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("an id of nothing: %v", err)
		}
	})
}

func TestCheckOpensOneSession(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c, other := approved(t, s, 1), approved(t, s, 2)
		session := func(id string) Session {
			return Session{ID: id, Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, StartMs: nowMs, Pass: []byte{1}, Seed: []byte{2}}
		}
		foreign := session("ses_1")
		foreign.Application, foreign.Access = other.Application, [32]byte{2}
		if err := s.OpenSession(t.Context(), foreign, nowMs, nil); !errors.Is(err, ErrCheckUnusable) {
			t.Fatalf("another application's check: %v", err)
		}
		if err := s.OpenSession(t.Context(), session("ses_1"), nowMs+120_000, nil); !errors.Is(err, ErrCheckUnusable) {
			t.Fatalf("a check two minutes old: %v", err)
		}
		if err := s.OpenSession(t.Context(), session("ses_1"), nowMs+119_999, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.OpenSession(t.Context(), session("ses_2"), nowMs+1, nil); !errors.Is(err, ErrCheckUnusable) {
			t.Fatalf("a check used before: %v", err)
		}
		got, a, credential, err := s.Viewing(t.Context(), "ses_1")
		want := session("ses_1")
		want.Access = [32]byte{} // it is not kept
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || a.ID != c.Application || *credential != *c {
			t.Fatalf("got %+v of %s, want %+v, %v", got, a.ID, want, err)
		}
		if _, _, _, err := s.Viewing(t.Context(), "ses_2"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("a session that was not opened: %v", err)
		}
	})
}

// Of a page that is left and a session that it opens at the same moment one comes
// first: either the session is closed with it, or it does not open.
func TestNoSessionIsOpenAfterItsPageIsLeft(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		for n := range 40 {
			c := approved(t, s, n)
			access := [32]byte{byte(n), byte(n >> 8)}
			var both sync.WaitGroup
			both.Go(func() {
				err := s.OpenSession(t.Context(), Session{ID: fmt.Sprintf("ses_%d", n), Application: c.Application, Access: access, Check: check(n, "").ID, StartMs: nowMs, Seed: []byte{1}}, nowMs, nil)
				if err != nil && !errors.Is(err, ErrLeft) {
					t.Error(err)
				}
			})
			both.Go(func() {
				if err := s.Leave(t.Context(), c.Application, access, [32]byte{0xff, byte(n)}, nowMs); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
		}
		var shown int
		if err := s.db.Writer().QueryRow(`SELECT COUNT(*) FROM sessions WHERE closed_ms IS NULL OR seed IS NOT NULL`).Scan(&shown); err != nil || shown != 0 {
			t.Fatalf("%d sessions go on after their page was left: %v", shown, err)
		}
	})
}

// Two checks of one application at once approve it once.
func TestSecondCheckDoesNotApproveAgain(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c := approved(t, s, 1)
		again := decide(t, s, check(2, c.Application), grant(1))
		if again.Approved || *again.Credential != *c {
			t.Fatalf("%+v, want %+v", again, c)
		}
	})
}

// Serials are dense: an approval that fails gives its index back.
func TestFailedApprovalLeavesNoGap(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		if c := approved(t, s, 1); c.Serial.Index != 0 {
			t.Fatalf("the first index is %d", c.Serial.Index)
		}
		a := apply(t, s, 2)
		broken := grant(2)
		broken.Day++ // of a day whose every serial is given
		if _, err := s.db.Writer().Exec(`INSERT INTO serials (day, next_index) VALUES ($1, $2)`, int64(broken.Day), int64(IndexEnd)); err != nil {
			t.Fatal(err)
		}
		second := check(2, a.ID)
		if _, err := s.Decide(t.Context(), a.ID, &second, broken, why); !errors.Is(err, ErrDayFull) {
			t.Fatalf("a full day: %v", err)
		}
		var next int64
		if err := s.db.Writer().QueryRow(`SELECT next_index FROM serials WHERE day = $1`, int64(broken.Day)).Scan(&next); err != nil || next != IndexEnd {
			t.Fatalf("the counter moved to %d: %v", next, err)
		}
		if d := decide(t, s, second, grant(2)); d.Credential.Serial.Index != 1 {
			t.Fatalf("index %v", d.Credential.Serial)
		}
	})
}

// Many who use one check at the same time open one session.
func TestParallelSessionsOnOneCheck(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c := approved(t, s, 1)
		var opened atomic.Int64
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				err := s.OpenSession(t.Context(), Session{
					ID: fmt.Sprintf("ses_%032x", n), Access: [32]byte{1}, Application: c.Application, Check: check(1, "").ID, StartMs: nowMs,
				}, nowMs, nil)
				switch {
				case err == nil:
					opened.Add(1)
				case !errors.Is(err, ErrCheckUnusable):
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

// 200 checks at once, two of each application: serials are unique, and the
// indexes that were taken for nothing are few.
func TestParallelApprovalsHaveTheirOwnSerials(t *testing.T) {
	const applications = 100
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		for n := range applications {
			apply(t, s, n)
		}
		given := make([]tokens.Serial, applications)
		var fresh atomic.Int64
		var all sync.WaitGroup
		for n := range 2 * applications {
			all.Go(func() {
				c := check(n, fmt.Sprintf("app_%032x", n%applications))
				d, err := s.Decide(t.Context(), c.Application, &c, grant(n%applications), why)
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
				t.Fatalf("%s is out of the row, or given twice", serial)
			}
			seen[serial.Index] = true
		}
		if fresh.Load() != applications {
			t.Fatalf("%d approvals of %d applications", fresh.Load(), applications)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuer.db")
	for name, c := range map[string]Config{
		"no database":   {Partitions: 1},
		"no partitions": {Database: path},
		"too many":      {Database: path, Partitions: MaxPartitions + 1},
		"bad address":   {Database: "postgres://user:secret-word@host:notaport/", Partitions: 1},
	} {
		s, err := Open(t.Context(), c)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
	opener(t, path)()
	if _, err := Open(t.Context(), Config{Database: path, Partitions: partitions * 2}); err == nil || !strings.Contains(err.Error(), "partitions") {
		t.Fatalf("another number of partitions: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the database has mode %v: %v", info.Mode(), err)
	}
}
