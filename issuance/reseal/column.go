package reseal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance/vault"
)

// Column is a sealed column. Fields may be null.
type Column struct {
	Table  string
	Column string
	Key    string // the column whose text tells the rows apart; it is the Row of vault.Place
}

// Columns names several columns of one table.
func Columns(table, key string, columns ...string) (all []Column) {
	for _, c := range columns {
		all = append(all, Column{table, c, key})
	}
	return all
}

// place is where a field of the column lives.
func (c Column) place(row string) vault.Place {
	return vault.Place{Table: c.Table, Column: c.Column, Row: row}
}

// check lets nothing into a query but a plain name.
func (c Column) check() error {
	for _, name := range []string{c.Table, c.Column, c.Key} {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return fmt.Errorf("reseal: a column needs a table, a name and a key, in lower-case letters, digits and _: %q", name)
		}
	}
	return nil
}

// Position is how far a walk has come: behind the row After of a column, columns
// being walked in their order. The zero Position is the beginning.
type Position struct{ Table, Column, After string }

var errPosition = errors.New("reseal: the position names no column of this walk")

// from finds the place of a position's column.
func (p Position) from(columns []Column) (int, error) {
	if p == (Position{}) {
		return 0, nil
	}
	for i, c := range columns {
		if c.Table == p.Table && c.Column == p.Column {
			return i, nil
		}
	}
	return 0, errPosition
}
