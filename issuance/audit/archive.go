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
	// MinAge is how old an entry must be before it may leave the database. Ours: six
	// months at their longest, the least for which network logs are to be kept.
	MinAge = 184 * 24 * time.Hour
	// archiveBatch is how many entries leave at once.
	archiveBatch = 1000
)

// Why nothing is archived.
var (
	ErrTooYoung = errors.New("audit: entries stay in the database for 184 days")
	ErrBroken   = errors.New("audit: what should be archived does not hold together; verify the trail")
	ErrMoved    = errors.New("audit: somebody else archives at the same time")
)

// Archived is what left: the entries after From, up to To. They verify by Follow.
type Archived struct {
	From, To Anchor
	Entries  int // 0: nothing is old enough
}

// Archive gives keep the oldest sealed entries that were done before a time, in
// order, at most 1000 at once, and drops them when keep has returned nil: they
// must be durable elsewhere by then. Call it until it archives nothing. If the
// database fails between the two, the same entries come once more. by says who
// ordered it, in which role, when, and in which request; the act itself is in the
// trail. The chain then begins at To, which is signed under its key, and verifies
// from there.
func (t *Log) Archive(ctx context.Context, by Entry, before time.Time, keep func(ctx context.Context, records []Record) error) (a Archived, err error) {
	if before.After(t.now().Add(-MinAge)) {
		return a, ErrTooYoung
	}
	e, _, err := t.ends(ctx)
	if err != nil {
		return a, err
	}
	if e.base != (Anchor{}) && !equal(t.baseSeal(e.base), e.seal) {
		return a, ErrBroken
	}
	old, err := t.after(ctx, e.base.Position, archiveBatch)
	if err != nil {
		return a, err
	}
	for i := range old {
		if old[i].AtMs >= before.UnixMilli() {
			old = old[:i] // what is behind it waits, however old: the chain leaves from its end
			break
		}
	}
	if len(old) == 0 {
		return a, nil
	}
	to, err := t.Follow(e.base, old)
	if err != nil {
		return a, err
	}
	by.Action, by.Object = staff.ArchiveAuditLog, Object{AuditLog, fmt.Sprintf("%d-%d", e.base.Position+1, to.Position)}
	by.Detail = "to " + to.String()
	if err := by.check(); err != nil { // before anything is kept
		return a, err
	}
	if err := keep(ctx, old); err != nil {
		return a, fmt.Errorf("keep %d entries of the trail: %w", len(old), err)
	}
	err = t.db.Change(ctx, "drop what is archived", func(ctx context.Context, tx *sql.Tx) error {
		now, err := readEnds(ctx, tx, t.db.ForUpdate)
		if err != nil {
			return err
		}
		if now.base != e.base {
			return ErrMoved
		}
		seal := t.baseSeal(to)
		if _, err := tx.ExecContext(ctx, `UPDATE audit_chain SET base = $1, base_hash = $2, base_seal = $3 WHERE id = 1`,
			to.Position, to.Hash[:], seal[:]); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit WHERE position <= $1`, to.Position); err != nil {
			return err
		}
		return t.Append(ctx, tx, by)
	})
	if err != nil {
		return a, err
	}
	return Archived{e.base, to, len(old)}, nil
}

// Follow goes along entries that stand behind an anchor, such as an archive's
// (the zero Anchor is the very beginning), and returns the last one's anchor, or
// ErrBroken with the first place that does not hold.
func (t *Log) Follow(at Anchor, records []Record) (Anchor, error) {
	proved := false
	for i := range records {
		r := &records[i]
		if r.Position != at.Position+1 || !equal(t.link(at.Hash, r.Position, r), r.Hash) || t.forged(r, &proved) != "" {
			return at, fmt.Errorf("%w: position %d", ErrBroken, at.Position+1)
		}
		at = Anchor{r.Position, r.Hash}
	}
	return at, nil
}
