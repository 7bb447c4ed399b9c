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
	// batch is the number of fields that one step reads, and at most changes. Our choice: a few
	// milliseconds of SQLite's only writer.
	batch = 100
	// pause is the pause after a batch with changes. Our choice: a walk from a command must not block an
	// issuer on the same SQLite file.
	pause = 10 * time.Millisecond
	// MaxNamed is the maximum number of broken fields in a [Report].
	MaxNamed = 1000
)

// Column is a column of encrypted fields, which may be null.
type Column struct {
	Table  string
	Column string
	Key    string // the column whose text identifies the row: the Row of Place
}

// Columns names several columns of one table.
func Columns(table, key string, columns ...string) (all []Column) {
	for _, c := range columns {
		all = append(all, Column{table, c, key})
	}
	return all
}

func (c Column) place(row string) Place { return Place{Table: c.Table, Column: c.Column, Row: row} }

// check accepts only plain names, because they become part of a query.
func (c Column) check() error {
	for _, name := range []string{c.Table, c.Column, c.Key} {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return fmt.Errorf("vault: a column needs a table, a name and a key of lower-case letters, digits and _: %q", name)
		}
	}
	return nil
}

// Position is the progress of a walk: after the row After of a column. Columns are walked in their order. The
// zero Position is the beginning.
type Position struct{ Table, Column, After string }

var errPosition = errors.New("vault: the position names no column of this walk")

// Broken is a field that cannot be decrypted.
type Broken struct {
	Place
	Why error // ErrFormat, ErrKey or ErrAltered
}

// Report is the progress of a walk.
type Report struct {
	At      Position // the next walk may continue here
	Checked int      // fields read
	Moved   int      // fields re-encrypted
	// Missed are stale fields that were not written, because their row was locked or had changed. The next
	// walk finds them.
	Missed        int
	Undecryptable int      // fields that cannot be decrypted; they are not changed
	Broken        []Broken // the first MaxNamed of them
}

// Walker re-encrypts stored fields. It is safe for concurrent use.
type Walker struct {
	db      *database.DB
	vault   *Vault
	columns []Column

	beforeWriting func() // a hook for tests, between reading and writing
}

// NewWalker makes a [Walker]. The vault must have every field key that may still be in use.
func NewWalker(db *database.DB, v *Vault, columns []Column) (*Walker, error) {
	if db == nil || v == nil || len(columns) == 0 {
		return nil, errors.New("vault: a walk needs a database, a vault and columns")
	}
	for i, c := range columns {
		if err := c.check(); err != nil {
			return nil, err
		}
		if slices.Contains(columns[:i], c) {
			return nil, fmt.Errorf("vault: column %s of %s is a duplicate", c.Column, c.Table)
		}
	}
	return &Walker{db, v, columns, func() {}}, nil
}

// Walk re-encrypts the stale fields of all columns, beginning at a position. It calls progress, unless nil,
// after each batch; a later walk may begin at the At of that report. The report is also valid with an error.
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

// Remaining counts the fields that are not encrypted with the newest key, including broken ones: a key that
// one of them may need must not be destroyed. It changes nothing.
func (w *Walker) Remaining(ctx context.Context) (remaining int, err error) {
	err = w.each(ctx, Position{}, func(_ Column, fields []storedField) error {
		for _, f := range fields {
			if f.notNull && w.vault.Stale(f.encrypted) {
				remaining++
			}
		}
		return ctx.Err()
	})
	return remaining, err
}

// storedField is an encrypted field as read from the database.
type storedField struct {
	row       string
	encrypted []byte
	notNull   bool
}

// each reads all fields after a position, in the order of their rows, and passes them to f in non-empty
// batches. It includes nulls: a query without them would have no time bound.
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
			var encrypted sql.Null[[]byte]
			err := rows.Scan(&row, &encrypted)
			fields = append(fields, storedField{row, encrypted.V, encrypted.Valid})
			return err
		}, fmt.Sprintf(`SELECT %[1]s, %[2]s FROM %[3]s WHERE %[1]s > $1 ORDER BY %[1]s LIMIT $2`, c.Key, c.Column, c.Table), after, batch)
	})
	return fields, err
}

// move re-encrypts the stale fields, and writes each one only if its old value is still stored.
func (w *Walker) move(ctx context.Context, c Column, fields []storedField, r *Report) (moved bool, err error) {
	var stale, fresh []storedField
	for _, f := range fields {
		if !f.notNull {
			continue
		}
		r.Checked++
		if !w.vault.Stale(f.encrypted) {
			continue
		}
		encrypted, err := w.vault.ReEncrypt(f.encrypted, c.place(f.row))
		if err != nil {
			if r.Undecryptable++; len(r.Broken) < MaxNamed {
				r.Broken = append(r.Broken, Broken{c.place(f.row), err})
			}
			continue
		}
		stale, fresh = append(stale, f), append(fresh, storedField{f.row, encrypted, true})
	}
	if len(stale) == 0 {
		return false, nil
	}
	w.beforeWriting()
	// On PostgreSQL the batch skips locked rows: a transaction that never waits for a row while it holds
	// others delays no other transaction and cannot deadlock. The lock does not cover keys: rows that refer
	// to these rows can be inserted at the same time.
	unlocked := ""
	if w.db.ForNoKeyUpdate != "" {
		unlocked = w.db.ForNoKeyUpdate + " SKIP LOCKED"
	}
	update := fmt.Sprintf(`UPDATE %[3]s SET %[2]s = $1 WHERE %[2]s = $3 AND %[1]s IN (SELECT %[1]s FROM %[3]s WHERE %[1]s = $2 AND %[2]s = $3%[4]s)`,
		c.Key, c.Column, c.Table, unlocked)
	written := 0
	err = w.db.Change(ctx, "re-encrypt "+c.Column+" of "+c.Table, func(ctx context.Context, tx *sql.Tx) error {
		for i, f := range fresh {
			n, err := database.Changed(ctx, tx, update, f.encrypted, f.row, stale[i].encrypted)
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
