package audit

import (
	"context"

	"github.com/railgate/railgate/issuance/database"
)

// walk is a verification on its way: report.Head is how far the chain holds.
type walk struct {
	*Trail
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
			w.report.Broken = &Break{Position: at.Position, From: min(w.confirmed+1, at.Position), Kind: Rewritten}
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
			w.report.Broken = &Break{Position: r.Position, From: r.Position, Kind: Forged, Row: r.ID, Because: why}
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
		next := w.report.Head.Position + 1
		w.report.Broken = &Break{Position: next, From: next, Kind: Cut}
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
	ahead, err := w.after(ctx, w.report.Head.Position, verifyBatch)
	if err != nil {
		return err
	}
	w.report.Broken = w.diagnose(w.report.Head, e.head, ahead)
	return nil
}

// forged says what is wrong with the proof of a sealed entry; empty: nothing. Entries
// without one are good until the first with one, which sets proved.
func (t *Trail) forged(r *Record, proved *bool) string {
	if r.Proof == (Proof{}) && !*proved {
		return ""
	}
	*proved = true
	return t.unproved(r)
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
				w.report.Broken = &Break{Position: next, From: next, Kind: Forged, Row: bad[0].row, Because: bad[0].why}
				return nil
			}
		}
	})
}
