package audit

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/railgate/railgate/issuance/database"
)

const (
	// sealBatch is how many entries one transaction seals: it holds the chain, and
	// on SQLite the writer, for some milliseconds.
	sealBatch = 500
	// sealRows is how many entries one statement seals; see database.InsertMany.
	sealRows = 50
)

// Seal gives every entry that is committed and unsealed its place in the chain,
// oldest id first, and returns how many it sealed. Call it before Verify and when
// nothing appends any more; Run calls it all the time.
//
// Ids are given before commit, so an entry may become visible after one with a
// higher id was sealed; it then simply gets a later place. No place is tied to an
// id, hence none is skipped; and who seals holds the row of audit_chain, looks
// only after it has it, and so sees all that was sealed before: none is sealed
// twice.
func (t *Trail) Seal(ctx context.Context) (sealed int, err error) {
	for {
		n, err := t.sealSome(ctx)
		sealed += n
		if err != nil || n < sealBatch {
			return sealed, err
		}
	}
}

func (t *Trail) sealSome(ctx context.Context) (n int, err error) {
	err = t.db.Change(ctx, "seal the trail", func(ctx context.Context, tx *sql.Tx) error {
		// One statement for the lock, another for the entries: a single one might
		// answer from before it had to wait.
		e, err := readEnds(ctx, tx, t.db.ForUpdate)
		if err != nil {
			return err
		}
		var waiting []Record
		err = database.Each(ctx, tx, func(rows *sql.Rows) error {
			r, err := scan(rows)
			waiting = append(waiting, r)
			return err
		}, `SELECT `+columns+` FROM audit WHERE position IS NULL ORDER BY id LIMIT $1`, sealBatch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		at := e.head
		for i := range waiting {
			r := &waiting[i]
			r.Position = at.Position + 1
			r.Hash = t.link(at.Hash, r.Position, r)
			at = Anchor{r.Position, r.Hash}
		}
		if err := t.place(ctx, tx, waiting); err != nil {
			return err
		}
		n = len(waiting)
		_, err = tx.ExecContext(ctx, `UPDATE audit_chain SET position = $1, hash = $2 WHERE id = 1`, at.Position, at.Hash[:])
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// place writes positions and hashes, many with each statement.
func (t *Trail) place(ctx context.Context, tx *sql.Tx, records []Record) error {
	blob := "BLOB" // PostgreSQL takes the columns' types from the first row
	if t.db.Name == "postgres" {
		blob = "BYTEA"
	}
	for len(records) > 0 {
		some := records[:min(len(records), sealRows)]
		records = records[len(some):]
		var text strings.Builder
		var args []any
		text.WriteString(`WITH place (id, position, hash) AS (VALUES (CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS ` + blob + `))`)
		for i := range some {
			if i > 0 {
				fmt.Fprintf(&text, ", ($%d, $%d, $%d)", 3*i+1, 3*i+2, 3*i+3)
			}
			args = append(args, some[i].ID, some[i].Position, some[i].Hash[:])
		}
		text.WriteString(`) UPDATE audit SET position = place.position, hash = place.hash FROM place WHERE audit.id = place.id`)
		n, err := database.Changed(ctx, tx, text.String(), args...)
		if err != nil {
			return err
		}
		if n != int64(len(some)) {
			return fmt.Errorf("audit: %d entries were sealed and %d stayed", len(some), n)
		}
	}
	return nil
}
