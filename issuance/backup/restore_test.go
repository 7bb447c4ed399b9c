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

// fill gives the harness a day's work, and returns the one active revocation.
func (h *harness) fill() (revoked tokens.Serial) {
	h.announce()
	h.approve(2, noon)
	revoked = h.approve(1, noon)
	h.revoke(revoked)
	h.publishAll()
	return revoked
}

// workAfterCopy does work after the copy, which will be lost.
func (h *harness) workAfterCopy() {
	h.approve(300, noon)
	h.approve(5, noon+day)
	h.close()
}

func TestSQLiteIsRestored(t *testing.T) {
	h := newHarness(t, filepath.Join(t.TempDir(), "issuer.db"))
	revoked := h.fill()
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := Backup(t.Context(), h.address, file)
	h.must(err)
	h.workAfterCopy()

	data, err := os.ReadFile(file)
	h.must(err)
	h.address = filepath.Join(t.TempDir(), "issuer.db")
	h.must(os.WriteFile(h.address, data, 0o600))
	h.requireRestored(revoked, noon+day+1)
}

func TestPostgresIsRestored(t *testing.T) {
	dump, restore := findTool(t, "pg_dump"), findTool(t, "pg_restore")
	databasetest.Each(t, func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "postgres" {
			t.Skip("SQLite has a test of its own")
		}
		h := newHarness(t, address)
		q := u.Query()
		schema := q.Get("search_path")
		q.Del("search_path") // unknown to the tools
		u.RawQuery = q.Encode()
		run := func(name string, args ...string) {
			t.Helper()
			if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
			}
		}
		revoked := h.fill()
		file := filepath.Join(t.TempDir(), "issuer.dump")
		run(dump, "-Fc", "-n", schema, "-f", file, u.String())
		h.workAfterCopy()

		run(restore, "--clean", "--if-exists", "--exit-on-error", "-d", u.String(), file)
		h.requireRestored(revoked, noon+day+1)
	})
}

// findTool finds a program of the newest installed PostgreSQL.
func findTool(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Skipf("NOT run: no PostgreSQL here has %s", name)
	}
	slices.Sort(found)
	return found[len(found)-1]
}

func TestSerialsRepeatWithoutTheJump(t *testing.T) {
	h := newHarness(t, filepath.Join(t.TempDir(), "issuer.db"))
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
		t.Fatal("serials are not repeated without AfterRestore")
	}
}

// A running issuer has reserved serials from before the jump.
func TestRestoreRefusesARunningIssuer(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newHarness(t, address)
		leading, err := h.outbox.Lead(t.Context())
		if err != nil || !leading {
			t.Fatalf("leading %v: %v", leading, err)
		}
		if _, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon)); !errors.Is(err, ErrRunning) {
			t.Fatalf("with a running issuer: %v", err)
		}
		h.must(h.outbox.Resign(t.Context()))
		_, err = AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon))
		h.must(err)
	})
}

// A failed call can be repeated, and a call without a name changes nothing.
func TestRestoreCanBeRepeated(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, address string) {
		h := newHarness(t, address)
		next := func() (n int64) {
			h.must(h.outbox.Database().Writer().QueryRow(`SELECT COALESCE(SUM(next_index), 0) FROM serials`).Scan(&n))
			return n
		}
		if _, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), audit.Entry{AtMs: noon}); !errors.Is(err, audit.ErrEntry) || next() != 0 {
			t.Fatalf("without a name: %v, serials at %d", err, next())
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
		if !errors.Is(err, down) || !strings.Contains(err.Error(), "repeat the command") || next() != 3*credential.SerialJump {
			t.Fatalf("interrupted between its steps: %v, serials at %d", err, next())
		}
		r, err := AfterRestore(t.Context(), h.outbox, h.auditLog(), h.by(noon))
		if err != nil || r.Days[1].Next != 2*credential.SerialJump || next() != 6*credential.SerialJump {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
