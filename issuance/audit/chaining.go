package audit

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
)

const (
	// sealBatch is how many entries one transaction seals: it holds the chain, and
	// on SQLite the writer, for some milliseconds.
	sealBatch = 500
	// firstID is below every id.
	firstID = math.MinInt64
)

// Chain gives every entry that is committed, unsealed and proved its place in the chain,
// oldest id first, and returns how many it sealed. Call it before Verify and when
// nothing appends any more; Run calls it all the time.
//
// An entry that no issuer wrote, or that was changed or copied, is passed over: it stays
// unsealed, is logged and counted, and Verify names it. It does not keep the others
// from being sealed.
//
// Ids are given before commit, so an entry may become visible after one with a
// higher id was sealed; it then simply gets a later place. No place is tied to an
// id, hence none is skipped; and who seals holds the row of audit_chain, looks
// only after it has it, and so sees all that was sealed before: none is sealed
// twice.
func (t *Log) Chain(ctx context.Context) (sealed int, err error) {
	var refused refusals
	for after, more := int64(firstID), true; more; {
		var n int
		n, after, more, err = t.sealSome(ctx, after, &refused)
		sealed += n
		if err != nil {
			return sealed, err
		}
	}
	t.say(refused)
	return sealed, nil
}

// sealSome seals those of the next 500 entries that are proved. last is the id of the
// last one looked at.
func (t *Log) sealSome(ctx context.Context, after int64, refused *refusals) (n int, last int64, more bool, err error) {
	last = after
	var bad []passedOver
	var head Anchor
	err = t.db.Change(ctx, "seal the trail", func(ctx context.Context, tx *sql.Tx) error {
		// One statement for the lock, another for the entries: a single one might
		// answer from before it had to wait.
		e, err := readEnds(ctx, tx, t.db.ForUpdate)
		if err != nil {
			return err
		}
		head = e.head
		some, err := waiting(ctx, tx, `TRUE`, after)
		if err != nil || len(some) == 0 {
			return err
		}
		last, more = some[len(some)-1].ID, len(some) == sealBatch
		if some, bad, err = t.sift(ctx, tx, e, some); err != nil {
			return err
		}
		n = len(some)
		head, err = t.extend(ctx, tx, e.head, some)
		return err
	})
	if err != nil {
		return 0, last, false, err
	}
	t.sawHead(head.Position)
	refused.add(bad)
	return n, last, more, nil
}

// waiting reads the next entries that are not sealed, oldest id first.
func waiting(ctx context.Context, q database.Queries, which string, after int64) ([]Record, error) {
	return database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position IS NULL AND id > $1 AND `+which+` ORDER BY id LIMIT $2`, after, sealBatch)
}

// extend gives entries the places behind head and moves the head.
func (t *Log) extend(ctx context.Context, tx *sql.Tx, head Anchor, records []Record) (Anchor, error) {
	if len(records) == 0 {
		return head, nil
	}
	for i := range records {
		r := &records[i]
		r.Position = head.Position + 1
		r.Hash = t.link(head.Hash, r.Position, r)
		head = Anchor{r.Position, r.Hash}
	}
	if err := t.place(ctx, tx, records); err != nil {
		return head, err
	}
	_, err := tx.ExecContext(ctx, `UPDATE audit_chain SET position = $1, head_hash = $2 WHERE id = 1`, head.Position, head.Hash[:])
	return head, err
}

// place writes positions and hashes, many with each statement.
func (t *Log) place(ctx context.Context, tx *sql.Tx, records []Record) error {
	blob := "BLOB" // PostgreSQL takes the columns' types from the first row
	if t.db.Name == "postgres" {
		blob = "BYTEA"
	}
	for some := range slices.Chunk(records, database.RowsAtOnce) {
		rows := make([][]any, len(some))
		for i := range some {
			rows[i] = []any{some[i].ID, some[i].Position, some[i].Hash[:]}
		}
		list, args := database.Values(rows, "BIGINT", "BIGINT", blob)
		n, err := database.Changed(ctx, tx, `WITH place (id, position, hash) AS (VALUES `+list+`) UPDATE audit SET position = place.position, hash = place.hash FROM place WHERE audit.id = place.id`, args...)
		if err != nil {
			return err
		}
		if n != int64(len(some)) {
			return fmt.Errorf("audit: %d entries were sealed and %d stayed", len(some), n)
		}
	}
	return nil
}

// itself is the name under which the issuer writes what no one ordered.
const itself = "issuer"

// adopt takes in, once, the entries that an issuer of an older version left unsealed
// and without a proof, and enters how many there were. From that entry on nothing is
// sealed without a proof. On every other chain it does nothing.
func (t *Log) adopt(ctx context.Context) error {
	adopted := 0
	err := t.db.Change(ctx, "take in entries of an older version", func(ctx context.Context, tx *sql.Tx) error {
		e, err := readEnds(ctx, tx, t.db.ForUpdate)
		if err != nil {
			return err
		}
		if old, err := t.beforeProofs(ctx, tx, e); err != nil || !old {
			return err
		}
		for {
			some, err := waiting(ctx, tx, `proof IS NULL`, firstID)
			if err != nil {
				return err
			}
			if e.head, err = t.extend(ctx, tx, e.head, some); err != nil {
				return err
			}
			if adopted += len(some); len(some) < sealBatch {
				break
			}
		}
		err = t.Append(ctx, tx, Entry{AtMs: t.now().UnixMilli(), Who: itself, Role: staff.Program, Action: staff.VerifyAuditLog,
			Object: Object{AuditLog, "proofs"}, Detail: fmt.Sprintf("entries carry a proof from here on; %d before it were sealed without one", adopted)})
		if err != nil {
			return err
		}
		some, err := waiting(ctx, tx, `proof IS NOT NULL`, firstID)
		if err != nil {
			return err
		}
		some, _, err = t.sift(ctx, tx, e, some)
		if err != nil {
			return err
		}
		_, err = t.extend(ctx, tx, e.head, some)
		return err
	})
	if err == nil && adopted > 0 {
		t.log.Warn("audit log: entries that an older version left unsealed were sealed without a proof", zap.Int("entries", adopted))
	}
	return err
}
