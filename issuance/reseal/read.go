package reseal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/railgate/railgate/issuance/database"
)

// field is a sealed field as it was read.
type field struct {
	row    string
	sealed []byte
	there  bool // it is not null
}

// each reads all fields from a position on, in the order of their rows, in batches
// of which none is empty. Nulls are among them: to have the database look for what
// is not null would leave open how long a question takes.
func (w *Walker) each(ctx context.Context, from Position, f func(Column, []field) error) error {
	first, err := from.from(w.columns)
	if err != nil {
		return err
	}
	after := from.After
	for _, c := range w.columns[first:] {
		for {
			fields, err := w.read(ctx, c, after)
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

func (w *Walker) read(ctx context.Context, c Column, after string) (fields []field, err error) {
	err = w.db.View(ctx, "read "+c.Column+" of "+c.Table, func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var row string
			var sealed sql.Null[[]byte]
			err := rows.Scan(&row, &sealed)
			fields = append(fields, field{row, sealed.V, sealed.Valid})
			return err
		}, fmt.Sprintf(`SELECT %[1]s, %[2]s FROM %[3]s WHERE %[1]s > $1 ORDER BY %[1]s LIMIT $2`, c.Key, c.Column, c.Table), after, batch)
	})
	return fields, err
}
