package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

const (
	// batch is how many fields are looked at, and at most changed, at once. Our choice:
	// some milliseconds of SQLite's one writer.
	batch = 100
	// pause is what a walk leaves to others after a batch that it changed. Our choice: a
	// walk from a command must not keep an issuer from SQLite's file.
	pause = 10 * time.Millisecond
	// MaxNamed bounds the broken fields that a Report names.
	MaxNamed = 1000
)

// Column is a column of encrypted fields, which may be null.
type Column struct {
	Table  string
	Column string
	Key    string // the column whose text tells the rows apart; it is the Row of Place
}

// Columns names several columns of one table.
func Columns(table, key string, columns ...string) (all []Column) {
	for _, c := range columns {
		all = append(all, Column{table, c, key})
	}
	return all
}

func (c Column) place(row string) Place { return Place{Table: c.Table, Column: c.Column, Row: row} }

// check lets nothing into a query but a plain name.
func (c Column) check() error {
	for _, name := range []string{c.Table, c.Column, c.Key} {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return fmt.Errorf("vault: a column needs a table, a name and a key, in lower-case letters, digits and _: %q", name)
		}
	}
	return nil
}

// Position is how far a walk has come: behind the row After of a column, columns
// being walked in their order. The zero Position is the beginning.
type Position struct{ Table, Column, After string }

var errPosition = errors.New("vault: the position names no column of this walk")

// Broken is a field that does not open.
type Broken struct {
	Place
	Why error // ErrForm, ErrKey or ErrBroke
}

// Report is what a walk has done so far.
type Report struct {
	At     Position // where the next walk may continue
	Looked int      // fields looked at
	Moved  int      // fields re-encrypted
	// Missed fields are stale and were not written, because their row was locked or they
	// had changed. The next walk finds them.
	Missed   int
	Unopened int      // fields that do not open; they stay as they are
	Broken   []Broken // the first MaxNamed of them
}

// Walker re-encrypts stored fields. It is safe for many goroutines at once.
type Walker struct {
	db      *database.DB
	vault   *Vault
	columns []Column

	beforeWriting func() // tests come between reading and writing
}

// NewWalker starts nothing. The vault must know every field key that may still be in
// use.
func NewWalker(db *database.DB, v *Vault, columns []Column) (*Walker, error) {
	if db == nil || v == nil || len(columns) == 0 {
		return nil, errors.New("vault: a walk needs a database, a vault and columns")
	}
	for i, c := range columns {
		if err := c.check(); err != nil {
			return nil, err
		}
		if slices.Contains(columns[:i], c) {
			return nil, fmt.Errorf("vault: column %s of %s is named twice", c.Column, c.Table)
		}
	}
	return &Walker{db, v, columns, func() {}}, nil
}

// Walk goes through all columns from a position on and re-encrypts stale fields.
// progress, unless nil, is called after each batch; a later walk may begin at the
// Report.At it was given. On an error, too, the report says what was done.
func (w *Walker) Walk(ctx context.Context, from Position, progress func(Report)) (r Report, err error) {
	r.At = from
	err = w.each(ctx, from, func(c Column, fields []storedField) error {
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
	err = w.each(ctx, Position{}, func(_ Column, fields []storedField) error {
		for _, f := range fields {
			if f.there && w.vault.Stale(f.sealed) {
				left++
			}
		}
		return ctx.Err()
	})
	return left, err
}

// storedField is an encrypted field as it was read.
type storedField struct {
	row    string
	sealed []byte
	there  bool // it is not null
}

// each reads all fields from a position on, in the order of their rows, in batches
// of which none is empty. Nulls are among them: a query that filters them out would
// have no bound on its time.
func (w *Walker) each(ctx context.Context, from Position, f func(Column, []storedField) error) error {
	columns, after := w.columns, from.After
	if from != (Position{}) {
		first := slices.IndexFunc(columns, func(c Column) bool { return c.Table == from.Table && c.Column == from.Column })
		if first < 0 {
			return errPosition
		}
		columns = columns[first:]
	}
	for _, c := range columns {
		for {
			fields, err := w.readBatch(ctx, c, after)
			if err != nil {
				return err
			}
			if len(fields) > 0 {
				if err := f(c, fields); err != nil {
					return err
				}
				after = fields[len(fields)-1].row
			}
			if len(fields) < batch {
				break
			}
		}
		after = ""
	}
	return nil
}

func (w *Walker) readBatch(ctx context.Context, c Column, after string) (fields []storedField, err error) {
	err = w.db.View(ctx, "read "+c.Column+" of "+c.Table, func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var row string
			var sealed sql.Null[[]byte]
			err := rows.Scan(&row, &sealed)
			fields = append(fields, storedField{row, sealed.V, sealed.Valid})
			return err
		}, fmt.Sprintf(`SELECT %[1]s, %[2]s FROM %[3]s WHERE %[1]s > $1 ORDER BY %[1]s LIMIT $2`, c.Key, c.Column, c.Table), after, batch)
	})
	return fields, err
}

// move re-encrypts the stale ones of the fields and writes each where the old value is
// still stored.
func (w *Walker) move(ctx context.Context, c Column, fields []storedField, r *Report) (moved bool, err error) {
	var stale, fresh []storedField
	for _, f := range fields {
		if !f.there {
			continue
		}
		r.Looked++
		if !w.vault.Stale(f.sealed) {
			continue
		}
		sealed, err := w.vault.ReEncrypt(f.sealed, c.place(f.row))
		if err != nil {
			if r.Unopened++; len(r.Broken) < MaxNamed {
				r.Broken = append(r.Broken, Broken{c.place(f.row), err})
			}
			continue
		}
		stale, fresh = append(stale, f), append(fresh, storedField{f.row, sealed, true})
	}
	if len(stale) == 0 {
		return false, nil
	}
	w.beforeWriting()
	// On PostgreSQL the batch takes only unlocked rows: a transaction that never waits
	// for a row while it holds others delays no other one and cannot deadlock. Keys stay
	// as they are, so that rows which refer to these can be inserted meanwhile.
	unlocked := ""
	if w.db.ForNoKeyUpdate != "" {
		unlocked = w.db.ForNoKeyUpdate + " SKIP LOCKED"
	}
	update := fmt.Sprintf(`UPDATE %[3]s SET %[2]s = $1 WHERE %[2]s = $3 AND %[1]s IN (SELECT %[1]s FROM %[3]s WHERE %[1]s = $2 AND %[2]s = $3%[4]s)`,
		c.Key, c.Column, c.Table, unlocked)
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
