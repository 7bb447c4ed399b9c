package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/database"
)

// verifyBatch is the number of entries that Verify reads with one query.
const verifyBatch = 1000

// Break is the first position where the chain is wrong. Nothing is known about later positions.
type Break struct {
	Position int64
	// From equals Position if the position is exact. Otherwise entries from here to Position may have been
	// rewritten, or removed from the beginning.
	From    int64
	Row     int64 // id of the wrong row; 0: none or unknown
	Because string
}

func (b *Break) String() string {
	text := fmt.Sprintf("position %d", b.Position)
	if b.From != b.Position {
		text = fmt.Sprintf("positions %d to %d", b.From, b.Position)
	}
	if b.Row != 0 {
		text += fmt.Sprintf(" (row %d)", b.Row)
	}
	return text + ", because " + b.Because
}

// breakAt makes a Break without a row.
func breakAt(position int64, because string) *Break { return &Break{position, position, 0, because} }

// The reasons of a broken chain, besides those of proofs.
const (
	altered = "the entry differs from the one that was chained at this position: it was changed, inserted or moved, " +
		"or an entry was removed and the others renumbered"
	removed      = "the entry that was chained at this position is missing, and later ones exist"
	truncated    = "the entries from this position up to a known anchor are missing"
	neverChained = "the entry was never chained: it is outside the chain"
	rebuilt      = "the chain differs from the anchor: it was rebuilt with the key, or belongs to another database"
	notArchived  = "the beginning is missing and was not archived"
)

// Report is the result of a verification.
type Report struct {
	Base    Anchor // entries up to here were archived
	Head    Anchor // the last valid entry
	Checked int64  // number of recomputed entries
	Broken  *Break // nil: the chain is valid
	// Unchecked are anchors before Base; check them with the archive.
	Unchecked []Anchor
	Unchained int64 // number of unchained entries: only their proofs are checked
	OldestMs  int64 // time of the oldest unchained entry, Unix ms; 0: none
}

// Verify recomputes every hash of the chain from its base to its end, and compares it with anchors that were
// stored elsewhere. It only reads, in batches, concurrently with appends, chaining and archiving. It calls
// progress, unless nil, after each batch. Faults of the audit log are in the report; an error means that the
// verification could not be completed.
func (l *Log) Verify(ctx context.Context, anchors []Anchor, progress func(at, head int64)) (r Report, err error) {
	state, err := l.State(ctx)
	if err != nil {
		return r, err
	}
	r.Unchained, r.OldestMs = state.Unchained, state.OldestMs
	e, lowest, err := l.ends(ctx)
	if err != nil {
		return r, err
	}
	r.Base, r.Head = e.base, e.base
	if e.base != (Anchor{}) && !equal(l.baseMAC(e.base), e.baseMAC) {
		r.Broken = &Break{Position: max(e.base.Position, 1), From: 1, Because: notArchived}
		return r, nil
	}
	if lowest.Valid && lowest.Int64 <= e.base.Position {
		r.Broken = breakAt(lowest.Int64, neverChained)
		return r, nil
	}
	// The head in the database is an anchor, too.
	w := walk{Log: l, report: &r, anchors: append(slices.Clone(anchors), e.head)}
	slices.SortStableFunc(w.anchors, func(a, b Anchor) int { return cmp.Compare(a.Position, b.Position) })
	w.passBase()
	for r.Broken == nil {
		batch, err := l.after(ctx, r.Head.Position, verifyBatch)
		if err != nil {
			return r, err
		}
		if len(batch) == 0 {
			if w.end(); r.Broken == nil {
				err = w.checkUnchained(ctx)
			}
			return r, err
		}
		if !w.follow(batch) {
			err = w.diagnose(ctx)
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

// after reads the chained entries after a position, in order.
func (l *Log) after(ctx context.Context, position int64, limit int) ([]Record, error) {
	return database.Read(ctx, l.db, "read the audit log", func(ctx context.Context, q database.Queries) ([]Record, error) {
		return database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position > $1 ORDER BY position LIMIT $2`, position, limit)
	})
}

// walk is a verification in progress: the chain is valid up to report.Head.
type walk struct {
	*Log
	report    *Report
	anchors   []Anchor // anchors after report.Head, in order
	confirmed int64    // the last position confirmed by an anchor, or the base
	proved    bool     // an entry with a proof was read: all later ones must have one
}

// passBase moves the anchors before the base to the report, and compares an anchor at the base.
func (w *walk) passBase() {
	w.confirmed = w.report.Head.Position
	for len(w.anchors) > 0 && w.anchors[0].Position < w.report.Head.Position {
		w.report.Unchecked = append(w.report.Unchecked, w.anchors[0])
		w.anchors = w.anchors[1:]
	}
	w.confirm()
}

// confirm compares the anchors at the current position.
func (w *walk) confirm() bool {
	at := w.report.Head
	for len(w.anchors) > 0 && w.anchors[0].Position == at.Position {
		if !equal(w.anchors[0].Hash, at.Hash) {
			w.report.Broken = &Break{Position: at.Position, From: min(w.confirmed+1, at.Position), Because: rebuilt}
			return false
		}
		w.anchors = w.anchors[1:]
	}
	return true
}

// follow verifies a batch of entries. It returns false at the first wrong hash, whose reason is not known yet.
// A fault that it can explain is in the report.
func (w *walk) follow(batch []Record) bool {
	for i := range batch {
		r, at := &batch[i], &w.report.Head
		if r.Position != at.Position+1 || !equal(w.link(at.Hash, r.Position, r), r.Hash) {
			return false
		}
		if why := w.forged(r, &w.proved); why != "" {
			w.report.Broken = &Break{r.Position, r.Position, r.ID, why}
			return true
		}
		*at = Anchor{r.Position, r.Hash}
		w.report.Checked++
		anchored := len(w.anchors) > 0 && w.anchors[0].Position == at.Position
		if !w.confirm() {
			return true
		}
		if anchored {
			w.confirmed = at.Position
		}
	}
	return true
}

// end checks the end of the chain: an anchor after it proves that entries are missing.
func (w *walk) end() {
	if len(w.anchors) > 0 {
		w.report.Broken = breakAt(w.report.Head.Position+1, truncated)
	}
}

// diagnose determines why the next entry is wrong. If entries were archived in the meantime, the walk continues
// from the new base.
func (w *walk) diagnose(ctx context.Context) error {
	e, _, err := w.ends(ctx)
	if err != nil {
		return err
	}
	if e.base.Position > w.report.Head.Position && equal(w.baseMAC(e.base), e.baseMAC) {
		w.report.Base, w.report.Head = e.base, e.base
		w.passBase()
		return nil
	}
	next, err := w.after(ctx, w.report.Head.Position, 1)
	if err != nil {
		return err
	}
	position := w.report.Head.Position + 1
	switch {
	case len(next) == 0:
		w.report.Broken = breakAt(position, truncated)
	case position > e.head.Position:
		w.report.Broken = &Break{position, position, next[0].ID, neverChained}
	case next[0].Position > position:
		w.report.Broken = breakAt(position, removed) // the following row is not wrong
	default:
		w.report.Broken = &Break{position, position, next[0].ID, altered}
	}
	return nil
}

// checkUnchained reports the first unchained entry that no issuer will chain.
func (w *walk) checkUnchained(ctx context.Context) error {
	return w.db.View(ctx, "check unchained audit entries", func(ctx context.Context, q database.Queries) error {
		pick, err := w.refusedFilter(ctx, q)
		if err != nil {
			return err
		}
		for after := int64(firstID); ; {
			some, err := unchained(ctx, q, `TRUE`, after)
			if err != nil || len(some) == 0 {
				return err
			}
			after = some[len(some)-1].ID
			bad, err := pick(some)
			if err != nil {
				return err
			}
			if len(bad) > 0 {
				next := w.report.Head.Position + 1
				w.report.Broken = &Break{next, next, bad[0].row, bad[0].why}
				return nil
			}
		}
	})
}
