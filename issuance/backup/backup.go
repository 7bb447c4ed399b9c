// Package backup copies the issuer's database while it is in use, and prepares a restored
// copy before an issuer runs on it.
//
// It promises: Backup makes a complete copy of one moment, with everything that was
// acknowledged before it began. The copy is on disk under its name, or does not exist; only
// its owner can read it; existing files are not overwritten. After AfterRestore no serial is
// given twice, and gateways get every active record again.
//
// It does not encrypt: personal fields are encrypted in the copy as in the database, and
// cannot be read without the key directory; store the two apart. It does not copy
// PostgreSQL, which has its own tools (pg_dump, continuous archiving). Changes between copy
// and loss are lost: [Report] lists what AfterRestore cannot restore.
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
	// unfinished ends the name of an incomplete copy.
	unfinished = ".unfinished"
	// backupTimeout bounds a copy. Our choice: tens of gigabytes on a slow disk. SQLite's
	// write-ahead log grows meanwhile.
	backupTimeout = time.Hour
	// busyTimeout is how long it waits for a lock, as in an issuer.
	busyTimeout = 5 * time.Second
)

// Why there is no backup.
var (
	ErrPostgres = errors.New("backup: PostgreSQL is backed up by its own tools, such as pg_dump -Fc")
	ErrExists   = errors.New("backup: a backup never overwrites a file")
	ErrDamaged  = errors.New("backup: the copy is damaged, and so the database may be")
)

// Backup copies the SQLite database at address to a new file of mode 0600 while issuers use
// it, and returns the copy's size in bytes. The copy gets its name after it was checked and
// is completely on disk. address is that of database.Open; nothing is created or changed
// there. A killed run leaves FILE.unfinished behind, which must be removed.
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
	// Created here for its mode; SQLite fills an empty file.
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("%w: %s exists: if no other backup is running, remove it and repeat", ErrExists, fresh)
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
	// A link, unlike a rename, fails if the file was created meanwhile.
	if err := os.Link(fresh, file); err != nil {
		return 0, fmt.Errorf("backup: naming the copy: %w", err)
	}
	if err := ownfile.SyncDir(filepath.Dir(file)); err != nil {
		return info.Size(), fmt.Errorf("backup: %w", err)
	}
	return info.Size(), nil
}

// copyTo copies one moment of the database into the file, and checks it.
func copyTo(ctx context.Context, address, file string) error {
	from, err := openReadOnly(address)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return fmt.Errorf("backup: copying: %w", err)
	}
	made, err := openReadOnly(file)
	if err != nil {
		return err
	}
	defer made.Close()
	var result string
	if err := made.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return fmt.Errorf("backup: checking the copy: %w", err)
	}
	if result != "ok" {
		return ErrDamaged
	}
	var steps int // a file that is not an issuer's database must fail
	if err := made.QueryRowContext(ctx, `SELECT COUNT(*) FROM schema_migrations`).Scan(&steps); err != nil {
		return fmt.Errorf("backup: not an issuer's database: %w", err)
	}
	return nil
}

// openReadOnly opens an existing file read-only.
func openReadOnly(path string) (*sql.DB, error) {
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

// ErrRunning reports that an issuer runs on the database, and may have reserved serials before
// the jump.
var ErrRunning = errors.New("backup: an issuer runs on this database: stop all issuers, repeat this, then start them")

// Report is the result of AfterRestore. It cannot restore the changes since the copy:
//   - Cutoffs of keys and subjects must be commanded again, as must announcements,
//     deactivations and retirements of keys.
//   - Credentials approved since are not in the database; they end only by revoking their
//     subject.
//   - Revocations since are kept by the gateways, and not known here.
//   - Audit log anchors that were logged since are not in the audit log.
type Report struct {
	Days  []credential.Day
	Epoch uint64 // the new one
}

// AfterRestore prepares a restored database; call it once, before any issuer starts on it. A
// repetition advances the serials again, which is harmless: repeat it if it fails. by has the
// operator, the role, the time and the request; the audit log gets the entry.
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
		by.Detail = fmt.Sprintf("serials of days %d to %d advanced by %d", r.Days[0].Day, r.Days[len(r.Days)-1].Day, credential.SerialJump)
		return auditLog.Append(ctx, tx, by)
	})
	if err != nil {
		return Report{}, err
	}
	if r.Epoch, err = box.RepublishByCommand(ctx, outbox.Command{AuditLog: auditLog, Who: by.Who, At: database.Millis(by.AtMs)}); err != nil {
		return r, fmt.Errorf("serials are advanced, but records are not republished yet: repeat the command: %w", err)
	}
	return r, nil
}
