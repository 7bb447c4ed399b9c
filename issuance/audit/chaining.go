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
	// chainBatch is the number of entries that one transaction chains. It locks the chain, and on SQLite the
	// only writer, for a few milliseconds.
	chainBatch = 500
	// firstID is below every id.
	firstID = math.MinInt64
)

// Chain gives every committed, unchained and proved entry its position in the chain, oldest id first, and
// returns their number. [Log.Run] calls it regularly. Call it before Verify and after the
// last append.
//
// An entry that no issuer wrote, or that was changed or copied, is refused: it stays unchained, is logged and
// counted, and Verify reports it. It does not block other entries.
//
// The database assigns ids before the commit: an entry may become visible after an entry with a higher id was
// chained. It then gets a later position. Positions do not depend on ids, so none is skipped. Chain locks the
// row of audit_chain before it reads entries, and sees everything that was chained before: no entry is chained
// twice.
func (l *Log) Chain(ctx context.Context) (chained int, err error) {
	var refused refusedEntries
	for after, more := int64(firstID), true; more; {
		var n int
		n, after, more, err = l.chainNext(ctx, after, &refused)
		chained += n
		if err != nil {
			return chained, err
		}
	}
	l.setRefused(refused)
	return chained, nil
}

// chainNext chains the proved entries among the next 500. last is the id of the last entry that it read.
func (l *Log) chainNext(ctx context.Context, after int64, refused *refusedEntries) (n int, last int64, more bool, err error) {
	last = after
	var bad []refusedEntry
	var head Anchor
	err = l.db.Change(ctx, "chain the audit log", func(ctx context.Context, tx *sql.Tx) error {
		// The lock and the entries need separate statements: the snapshot of a single one could be older
		// than its lock.
		e, err := readEnds(ctx, tx, l.db.ForUpdate)
		if err != nil {
			return err
		}
		head = e.head
		some, err := unchained(ctx, tx, `TRUE`, after)
		if err != nil || len(some) == 0 {
			return err
		}
		last, more = some[len(some)-1].ID, len(some) == chainBatch
		if some, bad, err = l.checkProofs(ctx, tx, e, some); err != nil {
			return err
		}
		n = len(some)
		head, err = l.extend(ctx, tx, e.head, some)
		return err
	})
	if err != nil {
		return 0, last, false, err
	}
	l.sawHead(head.Position)
	refused.add(bad)
	return n, last, more, nil
}

// unchained reads the next unchained entries, oldest id first.
func unchained(ctx context.Context, q database.Queries, which string, after int64) ([]Record, error) {
	return database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position IS NULL AND id > $1 AND `+which+` ORDER BY id LIMIT $2`, after, chainBatch)
}

// extend appends entries to the chain after head, and returns the new head.
func (l *Log) extend(ctx context.Context, tx *sql.Tx, head Anchor, records []Record) (Anchor, error) {
	if len(records) == 0 {
		return head, nil
	}
	for i := range records {
		r := &records[i]
		r.Position = head.Position + 1
		r.Hash = l.link(head.Hash, r.Position, r)
		head = Anchor{r.Position, r.Hash}
	}
	if err := l.writePositions(ctx, tx, records); err != nil {
		return head, err
	}
	_, err := tx.ExecContext(ctx, `UPDATE audit_chain SET position = $1, head_hash = $2 WHERE id = 1`, head.Position, head.Hash[:])
	return head, err
}

// writePositions writes positions and hashes, several with each statement.
func (l *Log) writePositions(ctx context.Context, tx *sql.Tx, records []Record) error {
	blob := "BLOB" // PostgreSQL derives the types of the columns from the first row
	if l.db.Name == "postgres" {
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
			return fmt.Errorf("audit: only %d of %d entries could be chained", n, len(some))
		}
	}
	return nil
}

// issuerName is the name of the issuer in entries of its own actions.
const issuerName = "issuer"

// adopt chains, once, the entries without a proof that an issuer of an older version left unchained, and writes
// an entry with their number. After that entry, nothing is chained without a proof. On every other chain adopt
// does nothing.
func (l *Log) adopt(ctx context.Context) error {
	adopted := 0
	err := l.db.Change(ctx, "adopt audit entries of an older version", func(ctx context.Context, tx *sql.Tx) error {
		e, err := readEnds(ctx, tx, l.db.ForUpdate)
		if err != nil {
			return err
		}
		if old, err := l.beforeProofs(ctx, tx, e); err != nil || !old {
			return err
		}
		for {
			some, err := unchained(ctx, tx, `proof IS NULL`, firstID)
			if err != nil {
				return err
			}
			if e.head, err = l.extend(ctx, tx, e.head, some); err != nil {
				return err
			}
			if adopted += len(some); len(some) < chainBatch {
				break
			}
		}
		err = l.Append(ctx, tx, Entry{AtMs: l.now().UnixMilli(), Who: issuerName, Role: staff.Program, Action: staff.VerifyAuditLog,
			Object: Object{AuditLog, "proofs"}, Detail: fmt.Sprintf("entries have a proof from this one on; %d before it were chained without one", adopted)})
		if err != nil {
			return err
		}
		some, err := unchained(ctx, tx, `proof IS NOT NULL`, firstID)
		if err != nil {
			return err
		}
		some, _, err = l.checkProofs(ctx, tx, e, some)
		if err != nil {
			return err
		}
		_, err = l.extend(ctx, tx, e.head, some)
		return err
	})
	if err == nil && adopted > 0 {
		l.log.Warn("audit log: unchained entries of an older version were chained without a proof", zap.Int("entries", adopted))
	}
	return err
}
