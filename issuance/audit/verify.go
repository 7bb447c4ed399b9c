package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/database"
)

// verifyBatch is how many entries are read at a time.
const verifyBatch = 1000

// Break is the first place where the chain is wrong. What comes after it says
// nothing any more.
type Break struct {
	Position int64
	// From is Position itself, but for what cannot be told to the place: entries
	// from here to Position may have been rewritten, or removed from the beginning.
	From    int64
	Row     int64 // the id of the row that is at fault; 0: none, or not known
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

// at is a Break that no row is at fault for.
func at(position int64, because string) *Break { return &Break{position, position, 0, because} }

// Why a chain is broken, besides what is wrong with a proof.
const (
	altered     = "the entry is not the one that was sealed there: it was changed, inserted or moved, or one was removed and the rest numbered anew"
	removed     = "the entry that was sealed there is gone, and later ones are there"
	cutOff      = "all entries from here on are gone that an anchor knows of"
	neverSealed = "the entry was never sealed: it is outside the chain"
	remade      = "the chain is not the anchor's: it was made anew with the key, or is another database's"
	notArchived = "the beginning is gone, and was not archived"
)

// Report is what a verification found.
type Report struct {
	Base    Anchor // entries up to here were archived
	Head    Anchor // the last entry that holds
	Checked int64  // entries that were recomputed
	Broken  *Break // nil: the chain holds
	// Unchecked are anchors from before Base: the archive's to confirm.
	Unchecked []Anchor
	Unchained int64 // entries that wait to be sealed: only their proofs are checked
	OldestMs  int64 // when the oldest of them was done, Unix ms; 0: none waits
}

// Verify walks the chain from its base to its end, recomputes every hash, and
// compares it with the anchors, which were kept elsewhere. It reads only, in
// batches, beside whoever appends, seals or archives; it tells progress, if not
// nil, after each batch. What is wrong with the trail stands in the report; an
// error says that it could not be verified.
func (t *Log) Verify(ctx context.Context, anchors []Anchor, progress func(at, head int64)) (r Report, err error) {
	state, err := t.State(ctx)
	if err != nil {
		return r, err
	}
	r.Unchained, r.OldestMs = state.Unchained, state.OldestMs
	e, lowest, err := t.ends(ctx)
	if err != nil {
		return r, err
	}
	r.Base, r.Head = e.base, e.base
	if e.base != (Anchor{}) && !equal(t.baseSeal(e.base), e.seal) {
		r.Broken = &Break{Position: max(e.base.Position, 1), From: 1, Because: notArchived}
		return r, nil
	}
	if lowest.Valid && lowest.Int64 <= e.base.Position {
		r.Broken = at(lowest.Int64, neverSealed)
		return r, nil
	}
	// The head that the database tells is an anchor, too.
	w := walk{Log: t, report: &r, anchors: append(slices.Clone(anchors), e.head)}
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

// after reads the sealed entries after a place, in order.
func (t *Log) after(ctx context.Context, position int64, limit int) ([]Record, error) {
	return database.Read(ctx, t.db, "read the trail", func(ctx context.Context, q database.Queries) ([]Record, error) {
		return database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position > $1 ORDER BY position LIMIT $2`, position, limit)
	})
}

// walk is a verification on its way: report.Head is how far the chain holds.
type walk struct {
	*Log
	report    *Report
	anchors   []Anchor // those still ahead, in order
	confirmed int64    // the last place that an anchor confirmed, or the base
	proved    bool     // an entry with a proof was passed: all behind it must have one
}

// passBase sets aside the anchors before the base, and compares one that is it.
func (w *walk) passBase() {
	w.confirmed = w.report.Head.Position
	for len(w.anchors) > 0 && w.anchors[0].Position < w.report.Head.Position {
		w.report.Unchecked = append(w.report.Unchecked, w.anchors[0])
		w.anchors = w.anchors[1:]
	}
	w.confirm()
}

// confirm compares the anchors of the place where the walk is.
func (w *walk) confirm() bool {
	at := w.report.Head
	for len(w.anchors) > 0 && w.anchors[0].Position == at.Position {
		if !equal(w.anchors[0].Hash, at.Hash) {
			w.report.Broken = &Break{Position: at.Position, From: min(w.confirmed+1, at.Position), Because: remade}
			return false
		}
		w.anchors = w.anchors[1:]
	}
	return true
}

// follow goes on as far as the entries hold. It reports whether all do, or an
// anchor has said already what is wrong.
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

// end is reached when no entry is left: an anchor further on says that there was.
func (w *walk) end() {
	if len(w.anchors) > 0 {
		w.report.Broken = at(w.report.Head.Position+1, cutOff)
	}
}

// stumbled finds out why the next entry does not hold. If the archive has taken
// entries meanwhile, the walk goes on from the new base.
func (w *walk) stumbled(ctx context.Context) error {
	e, _, err := w.ends(ctx)
	if err != nil {
		return err
	}
	if e.base.Position > w.report.Head.Position && equal(w.baseSeal(e.base), e.seal) {
		w.report.Base, w.report.Head = e.base, e.base
		w.passBase()
		return nil
	}
	next, err := w.after(ctx, w.report.Head.Position, 1)
	if err != nil {
		return err
	}
	place := w.report.Head.Position + 1
	switch {
	case len(next) == 0:
		w.report.Broken = at(place, cutOff)
	case place > e.head.Position:
		w.report.Broken = &Break{place, place, next[0].ID, neverSealed}
	case next[0].Position > place:
		w.report.Broken = at(place, removed) // the row that follows is not at fault
	default:
		w.report.Broken = &Break{place, place, next[0].ID, altered}
	}
	return nil
}

// checkWaiting looks for entries that wait to be sealed and never will be.
func (w *walk) checkWaiting(ctx context.Context) error {
	return w.db.View(ctx, "look at entries that wait", func(ctx context.Context, q database.Queries) error {
		pick, err := w.neverSealed(ctx, q)
		if err != nil {
			return err
		}
		for after := int64(firstID); ; {
			some, err := waiting(ctx, q, `TRUE`, after)
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
