// Package backup copies the issuer's database while it is in use, and says what
// must be done to a database that came back from a copy before an issuer runs on it.
//
// It promises: Backup makes a whole copy of one moment, with everything that was
// acknowledged before it began, on disk under its name or not there at all, for its
// owner's eyes only; it never overwrites. AfterRestore sees to it that no serial is
// given twice and that gateways hear everything in force again.
//
// It does not encrypt: personal fields are sealed in the copy as they are in the
// database, and without the key directory the copy opens nothing; keep the two
// apart. It does not copy PostgreSQL: that has tools of its own (pg_dump,
// continuous archiving). And what was done between copy and loss is gone: what
// AfterRestore cannot bring back is listed at its Report.
package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
)

const (
	// unfinished ends the name of a copy that is being written.
	unfinished = ".unfinished"
	// backupTimeout bounds a copy. Ours: tens of gigabytes on a slow disk. As long as
	// it takes, SQLite's log beside the database grows.
	backupTimeout = time.Hour
	// busyTimeout is how long it waits for a lock, as an issuer does.
	busyTimeout = 5 * time.Second
)

// Why there is no backup.
var (
	ErrPostgres = errors.New("backup: PostgreSQL is backed up by its own tools, such as pg_dump -Fc")
	ErrExists   = errors.New("backup: a backup never overwrites a file")
	ErrDamaged  = errors.New("backup: the copy is damaged, and so the database may be")
)

// Backup copies the SQLite database at address to a new file, of mode 0600, while
// issuers use it, and returns the copy's size in bytes. The copy is checked, on disk
// and whole before it has its name. address is what database.Open takes, but
// nothing is made or changed there. A run that was cut off leaves FILE.unfinished
// behind, which is to be removed.
func Backup(ctx context.Context, address, file string) (size int64, err error) {
	if database.IsPostgres(address) {
		return 0, ErrPostgres
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = ErrExists
		}
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	fresh := file + unfinished
	// Made here for its mode; SQLite fills an empty file.
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: %s is left of a run that was cut off, or another is at work; remove it if none is", ErrExists, fresh)
	}
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(fresh)
	defer f.Close()
	if err := copyTo(ctx, address, fresh); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	// A link, unlike a renaming, fails if somebody has made the file meanwhile.
	if err := os.Link(fresh, file); err != nil {
		return 0, fmt.Errorf("backup: naming the copy: %w", err)
	}
	if err := ownfile.SyncDir(filepath.Dir(file)); err != nil {
		return info.Size(), fmt.Errorf("backup: %w", err)
	}
	return info.Size(), nil
}

// copyTo fills the file with one moment of the database, and checks it.
func copyTo(ctx context.Context, address, file string) error {
	from, err := open(address)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return fmt.Errorf("backup: copying: %w", err)
	}
	made, err := open(file)
	if err != nil {
		return err
	}
	defer made.Close()
	var said string
	if err := made.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return fmt.Errorf("backup: checking the copy: %w", err)
	}
	if said != "ok" {
		return ErrDamaged
	}
	var steps int // a file that is no issuer's database should not pass for a backup of one
	if err := made.QueryRowContext(ctx, `SELECT COUNT(*) FROM schema_migrations`).Scan(&steps); err != nil {
		return fmt.Errorf("backup: not an issuer's database: %w", err)
	}
	return nil
}

// open opens a file that exists, and never changes it.
func open(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// ErrRunning says that an issuer runs on the database already, and may hold indexes
// that it took before the jump.
var ErrRunning = errors.New("backup: an issuer runs on this database: stop every one, do this again, then start them")

// Report is what AfterRestore did. What nobody can do for the operator: cut-offs of
// keys and subjects that were ordered since the copy must be ordered again, as must
// announcements, rests and retirements of keys; credentials approved since are not
// in the database, and can be revoked only by cutting off their subject; revocations
// since are kept by the gateways, and not known here; and anchors of the audit trail
// that were logged since are not in it.
type Report struct {
	Days  []credential.Day
	Epoch uint64 // that begins
}

// AfterRestore makes a database that came back from a copy fit to be used: to be
// called once, before any issuer starts on it. Repeated, it jumps once more, which
// harms nothing; so it is to be repeated if it fails. by says who ordered it, in
// which role, when, and in which request; the trail takes the entry.
func AfterRestore(ctx context.Context, box *outbox.Outbox, auditLog *audit.Log, by audit.Entry) (r Report, err error) {
	err = box.Database().Change(ctx, "after a restore", func(ctx context.Context, tx *sql.Tx) error {
		running, err := box.Publishing(ctx, tx)
		if err != nil {
			return err
		}
		if running {
			return ErrRunning
		}
		if r.Days, err = credential.JumpSerials(ctx, tx, database.Millis(by.AtMs)); err != nil {
			return err
		}
		by.Action, by.Object = staff.Restore, audit.Object{Kind: audit.Database, ID: "restored"}
		by.Detail = fmt.Sprintf("serials of days %d to %d jump by %d", r.Days[0].Day, r.Days[len(r.Days)-1].Day, credential.SerialJump)
		return auditLog.Append(ctx, tx, by)
	})
	if err != nil {
		return Report{}, err
	}
	if r.Epoch, err = box.RepublishByCommand(ctx, outbox.Command{AuditLog: auditLog, Who: by.Who, At: database.Millis(by.AtMs)}); err != nil {
		return r, fmt.Errorf("serials are safe, but nothing is said again yet: repeat it: %w", err)
	}
	return r, nil
}
