package audit

import (
	"fmt"
	"slices"
)

// BreakKind is what was done to the chain.
type BreakKind string

// What a Break can be. Changed is also the word for what was done so thoroughly
// that nothing finer can be told.
const (
	Changed   BreakKind = "changed"   // the entry is not what was sealed there
	Removed   BreakKind = "removed"   // the entry is gone, and later ones are there
	Inserted  BreakKind = "inserted"  // the entry was never sealed
	Reordered BreakKind = "reordered" // the entry was sealed elsewhere in the chain
	Cut       BreakKind = "cut"       // from here on all is gone that an anchor knows of
	Forged    BreakKind = "forged"    // the entry waits to be sealed or is sealed, but no issuer wrote it
	Rewritten BreakKind = "rewritten" // the chain holds in itself, but is not the anchor's: made anew with the key, or another database's
)

// Break is the first place where the chain is wrong. What comes after it says
// nothing any more.
type Break struct {
	Position int64
	// From is Position itself, but for what cannot be told to the place: entries
	// from here to Position may have been rewritten, or removed from the beginning.
	From int64
	Kind BreakKind
	Row  int64 // the id of the row that stands there; 0: none
	// Because says more of a forged entry; empty for the other kinds.
	Because string
}

func (b *Break) String() string {
	text := fmt.Sprintf("position %d: %s", b.Position, b.Kind)
	if b.From != b.Position {
		text = fmt.Sprintf("positions %d to %d: %s", b.From, b.Position, b.Kind)
	}
	if b.Row != 0 {
		text += fmt.Sprintf(" (row %d)", b.Row)
	}
	if b.Because != "" {
		text += ": " + b.Because
	}
	return text
}

// diagnose says what happened to the entry behind good. ahead are the entries
// that stand there now, as far as verifyBatch; head is where the database says
// that the chain ends.
func (t *Trail) diagnose(good, head Anchor, ahead []Record) *Break {
	place := good.Position + 1
	b := &Break{Position: place, From: place, Kind: Changed}
	if len(ahead) == 0 {
		b.Kind = Cut
		return b
	}
	first, owner := &ahead[0], t.find(good.Hash, place, ahead)
	switch {
	case place > head.Position:
		b.Kind = Inserted
	case first.Position > place:
		b.Kind = Removed
		return b // the row that follows is not at fault
	case owner != nil && t.belongs(first, owner, place, ahead):
		b.Kind = Reordered
	case owner != nil:
		b.Kind = Inserted
	case t.movedUp(ahead):
		b.Kind = Removed
	}
	b.Row = first.ID
	return b
}

// find is the entry that was sealed at place, wherever it stands now.
func (t *Trail) find(before Hash, place int64, among []Record) *Record {
	i := slices.IndexFunc(among, func(r Record) bool { return equal(t.link(before, place, &r), r.Hash) })
	if i < 0 {
		return nil
	}
	return &among[i]
}

// belongs reports whether r was sealed somewhere near: behind the owner of place,
// or behind one that stands where it was or one place from it.
func (t *Trail) belongs(r, owner *Record, place int64, among []Record) bool {
	if equal(t.link(owner.Hash, place+1, r), r.Hash) {
		return true
	}
	for i := range among {
		for shift := int64(0); shift <= 2; shift++ {
			if equal(t.link(among[i].Hash, among[i].Position+shift, r), r.Hash) {
				return true
			}
		}
	}
	return false
}

// movedUp reports whether the entries were numbered anew to close a gap: the
// second hangs on the first, but as a later one.
func (t *Trail) movedUp(ahead []Record) bool {
	if len(ahead) < 2 {
		return false
	}
	for by := int64(1); by <= verifyBatch; by++ {
		if equal(t.link(ahead[0].Hash, ahead[1].Position+by, &ahead[1]), ahead[1].Hash) {
			return true
		}
	}
	return false
}
