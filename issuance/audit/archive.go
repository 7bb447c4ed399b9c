package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/staff"
)

const (
	// MinAge is the minimum age at which an entry may be archived. Our choice: six months at their longest,
	// the legal minimum for network logs.
	MinAge = 184 * 24 * time.Hour
	// archiveBatch is the maximum number of entries that one call archives.
	archiveBatch = 1000
)

// The errors of [Log.Archive].
var (
	ErrTooYoung = errors.New("audit: entries must stay in the database for 184 days")
	ErrBroken   = errors.New("audit: the entries to archive do not form a valid chain; verify the audit log")
	ErrMoved    = errors.New("audit: another process archived at the same time; try again")
)

// Archived are the archived entries: those after From, up to To. [Log.Follow] verifies them.
type Archived struct {
	From, To Anchor
	Entries  int // 0: no entry is old enough
}

// Archive passes the oldest chained entries before a time to keep, in order and at most 1000. It deletes them
// after keep returned nil: keep must store them durably. Call Archive until it archives nothing. If the
// database fails after keep, the next call passes the same entries again. by contains the actor, the role, the
// time and the request of the command; Archive writes it to the audit log. The chain then begins at To, which
// is signed with the chain's key, and verifies from there.
func (l *Log) Archive(ctx context.Context, by Entry, before time.Time, keep func(ctx context.Context, records []Record) error) (a Archived, err error) {
	if before.After(l.now().Add(-MinAge)) {
		return a, ErrTooYoung
	}
	e, _, err := l.ends(ctx)
	if err != nil {
		return a, err
	}
	if e.base != (Anchor{}) && !equal(l.baseMAC(e.base), e.baseMAC) {
		return a, ErrBroken
	}
	old, err := l.after(ctx, e.base.Position, archiveBatch)
	if err != nil {
		return a, err
	}
	for i := range old {
		if old[i].AtMs >= before.UnixMilli() {
			old = old[:i] // later entries stay, even older ones: the chain is archived in order
			break
		}
	}
	if len(old) == 0 {
		return a, nil
	}
	to, err := l.Follow(e.base, old)
	if err != nil {
		return a, err
	}
	by.Action, by.Object = staff.ArchiveAuditLog, Object{AuditLog, fmt.Sprintf("%d-%d", e.base.Position+1, to.Position)}
	by.Detail = "to " + to.String()
	if err := by.check(); err != nil { // before keep
		return a, err
	}
	if err := keep(ctx, old); err != nil {
		return a, fmt.Errorf("audit: store %d archived entries: %w", len(old), err)
	}
	err = l.db.Change(ctx, "delete archived entries", func(ctx context.Context, tx *sql.Tx) error {
		now, err := readEnds(ctx, tx, l.db.ForUpdate)
		if err != nil {
			return err
		}
		if now.base != e.base {
			return ErrMoved
		}
		mac := l.baseMAC(to)
		if _, err := tx.ExecContext(ctx, `UPDATE audit_chain SET base = $1, base_hash = $2, base_seal = $3 WHERE id = 1`,
			to.Position, to.Hash[:], mac[:]); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit WHERE position <= $1`, to.Position); err != nil {
			return err
		}
		return l.Append(ctx, tx, by)
	})
	if err != nil {
		return a, err
	}
	return Archived{e.base, to, len(old)}, nil
}

// Follow verifies entries that follow an anchor, such as those of an archive; the zero Anchor is the beginning.
// It returns the anchor of the last entry, or ErrBroken with the first wrong position.
func (l *Log) Follow(at Anchor, records []Record) (Anchor, error) {
	proved := false
	for i := range records {
		r := &records[i]
		if r.Position != at.Position+1 || !equal(l.link(at.Hash, r.Position, r), r.Hash) || l.forged(r, &proved) != "" {
			return at, fmt.Errorf("%w: position %d", ErrBroken, at.Position+1)
		}
		at = Anchor{r.Position, r.Hash}
	}
	return at, nil
}
