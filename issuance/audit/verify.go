package audit

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/railgate/railgate/issuance/database"
)

// verifyBatch is how many entries are read at a time, and how far a diagnosis
// looks ahead.
const verifyBatch = 1000

// Report is what a verification found.
type Report struct {
	Base    Anchor // entries up to here were archived
	Head    Anchor // the last entry that holds
	Checked int64  // entries that were recomputed
	Broken  *Break // nil: the chain holds
	// Unchecked are anchors from before Base: the archive's to confirm.
	Unchecked []Anchor
	Unsealed  int64 // entries that wait to be sealed: only their proofs are checked
	OldestMs  int64 // when the oldest of them was done, Unix ms; 0: none waits
}

// Verify walks the chain from its base to its end, recomputes every hash, and
// compares it with the anchors, which were kept elsewhere. It reads only, in
// batches, beside whoever appends, seals or archives; it tells progress, if not
// nil, after each batch. What is wrong with the trail stands in the report; an
// error says that it could not be verified.
func (t *Trail) Verify(ctx context.Context, anchors []Anchor, progress func(at, head int64)) (r Report, err error) {
	state, err := t.State(ctx)
	if err != nil {
		return r, err
	}
	r.Unsealed, r.OldestMs = state.Unsealed, state.OldestMs
	e, lowest, err := t.ends(ctx)
	if err != nil {
		return r, err
	}
	r.Base, r.Head = e.base, e.base
	if e.base != (Anchor{}) && !equal(t.baseSeal(e.base), e.seal) {
		r.Broken = &Break{Position: max(e.base.Position, 1), From: 1, Kind: Removed}
		return r, nil
	}
	if lowest.Valid && lowest.Int64 <= e.base.Position {
		r.Broken = &Break{Position: lowest.Int64, From: lowest.Int64, Kind: Inserted}
		return r, nil
	}
	// The head that the database tells is an anchor, too.
	w := walk{Trail: t, report: &r, anchors: append(slices.Clone(anchors), e.head)}
	slices.SortStableFunc(w.anchors, func(a, b Anchor) int { return cmp.Compare(a.Position, b.Position) })
	w.passBase()
	for r.Broken == nil {
		batch, err := t.after(ctx, r.Head.Position, verifyBatch)
		if err != nil {
			return r, err
		}
		if len(batch) == 0 {
			if w.end(); r.Broken == nil {
				err = w.checkWaiting(ctx)
			}
			return r, err
		}
		if !w.follow(batch) {
			err = w.stumbled(ctx)
		}
		if err != nil {
			return r, err
		}
		if progress != nil {
			progress(r.Head.Position, max(e.head.Position, r.Head.Position))
		}
	}
	return r, nil
}

// ends reads both ends and the lowest place that an entry has.
func (t *Trail) ends(ctx context.Context) (e ends, lowest sql.NullInt64, err error) {
	err = t.db.View(ctx, "find the trail's ends", func(ctx context.Context, q database.Queries) (err error) {
		if e, err = readEnds(ctx, q, ""); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT MIN(position) FROM audit`).Scan(&lowest)
	})
	return e, lowest, err
}

// after reads the sealed entries after a place, in order.
func (t *Trail) after(ctx context.Context, position int64, limit int) (all []Record, err error) {
	err = t.db.View(ctx, "read the trail", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			r, err := scan(rows)
			all = append(all, r)
			return err
		}, `SELECT `+columns+` FROM audit WHERE position > $1 ORDER BY position LIMIT $2`, position, limit)
	})
	return all, err
}
