package reseal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/vault"
)

const (
	// batch is how many fields are looked at, and at most changed, at once. Ours: some
	// milliseconds of SQLite's one writer.
	batch = 100
	// pause is what a walk leaves to others after a batch that it changed. Ours: a
	// walk from a command must not keep an issuer from SQLite's file.
	pause = 10 * time.Millisecond
)

// Walker walks. It is safe for many goroutines at once.
type Walker struct {
	db      *database.DB
	vault   *vault.Vault
	columns []Column

	beforeWriting func() // tests come between reading and writing
}

// New makes a Walker; it starts nothing. The vault must know every field key that
// may still be in use.
func New(db *database.DB, v *vault.Vault, columns []Column) (*Walker, error) {
	if db == nil || v == nil || len(columns) == 0 {
		return nil, errors.New("reseal: a database, a vault and columns are needed")
	}
	for i, c := range columns {
		if err := c.check(); err != nil {
			return nil, err
		}
		if slices.Contains(columns[:i], c) {
			return nil, fmt.Errorf("reseal: column %s of %s stands twice", c.Column, c.Table)
		}
	}
	return &Walker{db, v, columns, func() {}}, nil
}

// Walk goes through all columns from a position on and seals anew what is stale.
// progress, unless nil, hears after each batch; what it is given in At can be kept,
// and a later walk begin there. On an error, too, the report says what was done.
func (w *Walker) Walk(ctx context.Context, from Position, progress func(Report)) (r Report, err error) {
	r.At = from
	err = w.each(ctx, from, func(c Column, fields []field) error {
		moved, err := w.move(ctx, c, fields, &r)
		if err != nil {
			return err
		}
		r.At = Position{c.Table, c.Column, fields[len(fields)-1].row}
		if progress != nil {
			progress(r)
		}
		if !moved {
			return ctx.Err()
		}
		select {
		case <-time.After(pause):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return r, err
}

// Left counts the fields that are not under the newest key, broken ones among them:
// the key that one of these may need must not be destroyed. It changes nothing.
func (w *Walker) Left(ctx context.Context) (left int, err error) {
	err = w.each(ctx, Position{}, func(_ Column, fields []field) error {
		for _, f := range fields {
			if f.there && w.vault.Stale(f.sealed) {
				left++
			}
		}
		return ctx.Err()
	})
	return left, err
}

// move seals anew what is stale among the fields and writes it where the old value
// still stands.
func (w *Walker) move(ctx context.Context, c Column, fields []field, r *Report) (moved bool, err error) {
	var stale, fresh []field
	for _, f := range fields {
		if !f.there {
			continue
		}
		r.Looked++
		if !w.vault.Stale(f.sealed) {
			continue
		}
		sealed, err := w.vault.Reseal(f.sealed, c.place(f.row))
		if err != nil {
			if r.Unopened++; len(r.Broken) < MaxNamed {
				r.Broken = append(r.Broken, Broken{c.place(f.row), err})
			}
			continue
		}
		stale, fresh = append(stale, f), append(fresh, field{f.row, sealed, true})
	}
	if len(stale) == 0 {
		return false, nil
	}
	w.beforeWriting()
	// On PostgreSQL the batch takes only rows that nobody has locked: who never waits
	// for a row while he has others is in nobody's way, and never in a deadlock.
	update := fmt.Sprintf(`UPDATE %[3]s SET %[2]s = $1 WHERE %[2]s = $3 AND %[1]s IN (SELECT %[1]s FROM %[3]s WHERE %[1]s = $2 AND %[2]s = $3%[4]s)`,
		c.Key, c.Column, c.Table, w.unlocked())
	written := 0
	err = w.db.Change(ctx, "seal "+c.Column+" of "+c.Table+" anew", func(ctx context.Context, tx *sql.Tx) error {
		for i, f := range fresh {
			n, err := database.Changed(ctx, tx, update, f.sealed, f.row, stale[i].sealed)
			if err != nil {
				return err
			}
			written += int(n)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	r.Moved += written
	r.Missed += len(fresh) - written
	return true, nil
}

// unlocked completes a SELECT that takes rows which nobody has locked. Keys stay as
// they are, so that rows which refer to these can come meanwhile.
func (w *Walker) unlocked() string {
	if w.db.ForUpdate == "" {
		return "" // who writes is alone
	}
	return " FOR NO KEY UPDATE SKIP LOCKED"
}
