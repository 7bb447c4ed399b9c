package backup

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

func TestBackupIsOneMomentOfABusyDatabase(t *testing.T) {
	dir := t.TempDir()
	h := newHarness(t, filepath.Join(dir, "issuer.db"))
	db := h.outbox.Database()
	exec := func(query string, args ...any) {
		t.Helper()
		_, err := db.Writer().ExecContext(t.Context(), query, args...)
		h.must(err)
	}
	exec(`CREATE TABLE left_hand (n INTEGER PRIMARY KEY, filler BLOB)`)
	exec(`CREATE TABLE right_hand (n INTEGER PRIMARY KEY)`)

	// Both values are always written together, in one transaction.
	var written atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			err := db.Change(context.WithoutCancel(ctx), "write", func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.Exec(`INSERT INTO left_hand VALUES ($1, zeroblob(20000))`, n); err != nil {
					return err
				}
				_, err := tx.Exec(`INSERT INTO right_hand VALUES ($1)`, n)
				return err
			})
			if err != nil {
				ended <- err
				return
			}
			written.Store(n)
		}
		ended <- nil
	}()
	runtest.Eventually(t, 20*time.Second, "some writing", func() bool { return written.Load() >= 50 })
	acknowledged := written.Load()
	file := filepath.Join(dir, "copy.db")
	size, err := Backup(t.Context(), h.address, file)
	h.must(err)
	runtest.Eventually(t, 20*time.Second, "the writer to continue", func() bool { return written.Load() > acknowledged })
	stop()
	h.must(<-ended)

	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 || info.Size() != size || size < acknowledged*20000 {
		t.Fatalf("%v of %d bytes, reported as %d: %v", info.Mode(), info.Size(), size, err)
	}
	copied, err := openReadOnly(file)
	h.must(err)
	defer copied.Close()
	var left, right int64
	h.must(copied.QueryRow(`SELECT (SELECT MAX(n) FROM left_hand), (SELECT MAX(n) FROM right_hand)`).Scan(&left, &right))
	if left != right || left < acknowledged {
		t.Fatalf("the copy has %d and %d; %d were acknowledged before", left, right, acknowledged)
	}
	if names := files(t, dir); !slices.Equal(names, []string{"copy.db", "issuer.db", "issuer.db-shm", "issuer.db-wal"}) {
		t.Fatalf("files left: %v", names)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	runtest.Must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A copy includes the write-ahead log that a killed process left beside its database.
func TestBackupAfterAKillIsComplete(t *testing.T) {
	h := newHarness(t, filepath.Join(t.TempDir(), "issuer.db"))
	h.approve(3, noon)
	dead := filepath.Join(t.TempDir(), "issuer.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(h.address + end)
		h.must(err)
		h.must(os.WriteFile(dead+end, data, 0o600))
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	_, err := Backup(t.Context(), dead, file)
	h.must(err)
	copied, err := openReadOnly(file)
	h.must(err)
	defer copied.Close()
	var n int
	if err := copied.QueryRow(`SELECT COUNT(*) FROM credentials`).Scan(&n); err != nil || n != 3 {
		t.Fatalf("%d credentials: %v", n, err)
	}
}

func TestRefusedBackupChangesNothing(t *testing.T) {
	h := newHarness(t, filepath.Join(t.TempDir(), "issuer.db"))
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", other)
	h.must(err)
	_, err = db.Exec(`CREATE TABLE t (n)`)
	h.must(err)
	db.Close()
	for what, c := range map[string]struct {
		from  string
		there string // a file that exists
		want  error
		about string
	}{
		"a file of that name":           {h.address, "copy.db", ErrExists, "copy.db"},
		"one that is being written":     {h.address, "copy.db.unfinished", ErrExists, "remove it"},
		"no database":                   {h.address + ".gone", "", nil, "unable to open"},
		"another program's database":    {other, "", nil, "not an issuer's database"},
		"PostgreSQL":                    {"postgres://user:password@host/db", "", ErrPostgres, "pg_dump"},
		"PostgreSQL by its longer name": {"postgresql://host/db", "", ErrPostgres, ""},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if c.there != "" {
				h.must(os.WriteFile(filepath.Join(dir, c.there), []byte("precious"), 0o600))
			}
			_, err := Backup(t.Context(), c.from, filepath.Join(dir, "copy.db"))
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.about) || strings.Contains(err.Error(), "password") {
				t.Fatalf("%v, want %v", err, c.want)
			}
			names := files(t, dir)
			if c.there == "" && len(names) > 0 || c.there != "" && !slices.Equal(names, []string{c.there}) {
				t.Fatalf("files left: %v", names)
			}
			if c.there == "" {
				return
			}
			if text, err := os.ReadFile(filepath.Join(dir, c.there)); err != nil || string(text) != "precious" {
				t.Fatalf("the file was overwritten: %v", err)
			}
		})
	}
	if _, err := os.Stat(h.address + ".gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a database was created: %v", err)
	}
}
