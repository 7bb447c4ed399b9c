package backup

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/tokens"
)

// full gives a system a day's work, and returns the one revocation that is in force.
func (h *system) full() (revoked tokens.Serial) {
	h.announce()
	h.approve(2, noon)
	revoked = h.approve(1, noon)
	h.revoke(revoked)
	h.emptied()
	return revoked
}

// goesOn works on after the copy was made; all of this will be lost.
func (h *system) goesOn() {
	h.approve(300, noon)
	h.approve(5, noon+day)
	h.close()
}

func TestSQLiteComesBack(t *testing.T) {
	h := newSystem(t, filepath.Join(t.TempDir(), "issuer.db"))
	revoked := h.full()
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := Backup(t.Context(), h.address, file)
	h.must(err)
	h.goesOn()

	data, err := os.ReadFile(file)
	h.must(err)
	h.address = filepath.Join(t.TempDir(), "issuer.db")
	h.must(os.WriteFile(h.address, data, 0o600))
	h.restored(revoked, noon+day+1)
}

func TestPostgresComesBack(t *testing.T) {
	dump, restore := tool(t, "pg_dump"), tool(t, "pg_restore")
	databasetest.Each(t, func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "postgres" {
			t.Skip("SQLite has a test of its own")
		}
		h := newSystem(t, address)
		q := u.Query()
		schema := q.Get("search_path")
		q.Del("search_path") // the tools know no such thing
		u.RawQuery = q.Encode()
		run := func(name string, args ...string) {
			t.Helper()
			if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
			}
		}
		revoked := h.full()
		file := filepath.Join(t.TempDir(), "issuer.dump")
		run(dump, "-Fc", "-n", schema, "-f", file, u.String())
		h.goesOn()

		run(restore, "--clean", "--if-exists", "--exit-on-error", "-d", u.String(), file)
		h.restored(revoked, noon+day+1)
	})
}

// tool finds a program of the newest PostgreSQL here.
func tool(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Skipf("NOT run: no PostgreSQL here has %s", name)
	}
	slices.Sort(found)
	return found[len(found)-1]
}

func TestWithoutTheJumpSerialsWouldBeGivenTwice(t *testing.T) {
	h := newSystem(t, filepath.Join(t.TempDir(), "issuer.db"))
	h.approve(1, noon)
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := Backup(t.Context(), h.address, file)
	h.must(err)
	lost := h.approve(300, noon)
	h.address = file
	h.open()
	h.given = make(map[tokens.Serial]bool)
	h.approve(60, noon)
	if !h.given[lost] {
		t.Fatal("the danger that AfterRestore is for does not exist")
	}
}

// An issuer that runs already has taken indexes from before the jump.
func TestNobodyMayRunYet(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newSystem(t, address)
		leading, err := h.outbox.Lead(t.Context())
		if err != nil || !leading {
			t.Fatalf("leading %v: %v", leading, err)
		}
		if _, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon)); !errors.Is(err, ErrRunning) {
			t.Fatalf("with an issuer at work: %v", err)
		}
		h.must(h.outbox.Resign(t.Context()))
		_, err = AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon))
		h.must(err)
	})
}

// What fails can be repeated, and what nobody ordered is not done.
func TestRestoreIsRepeated(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newSystem(t, address)
		next := func() (n int64) {
			h.must(h.outbox.Database().Writer().QueryRow(`SELECT COALESCE(SUM(next_index), 0) FROM serials`).Scan(&n))
			return n
		}
		if _, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), audit.Entry{AtMs: noon}); !errors.Is(err, audit.ErrEntry) || next() != 0 {
			t.Fatalf("ordered by nobody: %v, serials at %d", err, next())
		}
		down := errors.New("the power went out")
		cut, err := outbox.Open(t.Context(), outbox.Config{Database: h.address, Partitions: 2, Sources: []outbox.Source{
			func(context.Context, *database.DB, *sql.Tx, database.Millis) ([]revocation.Record, error) {
				return nil, down
			},
		}})
		h.must(err)
		defer cut.Close()
		_, err = AfterRestore(t.Context(), cut, h.auditLog(), h.by(noon))
		if !errors.Is(err, down) || !strings.Contains(err.Error(), "repeat it") || next() != 3*credential.SerialJump {
			t.Fatalf("cut off between its steps: %v, serials at %d", err, next())
		}
		r, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon))
		if err != nil || r.Days[1].Next != 2*credential.SerialJump || next() != 6*credential.SerialJump {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
