package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
)

// ChainPage is a part of the chain, verified with the chain's key.
type ChainPage struct {
	Base, Head Anchor // of the chain: entries up to Base were archived; Head is its newest entry
	// After is the position before the first entry: the requested one, or Base if entries after it were archived.
	After   Anchor
	Entries []ChainedEntry // valid, in the order of the chain
	Broken  *Break         // what is wrong after the last of Entries; nil: nothing
	State   State          // of the unchained entries
}

// ChainedEntry is an entry of the chain with its digest.
type ChainedEntry struct {
	Record
	// Digest is a hash without a key over the columns, the hash of the entry before and the entry's own hash.
	// Readers without the chain's key compute it to detect faults of what they received. It proves nothing
	// about a sender who computes it, too.
	Digest Hash `json:"digest"`
}

const digestDomain = "railgate/audit/digest/v1"

// digest is the hash of r for readers without the chain's key: SHA-256 over the domain, the hash before, position,
// id, time, texts and the hash of r, each text with its length.
func digest(before Hash, r *Record) Hash {
	b := appendText(make([]byte, 0, 512), digestDomain)
	b = append(b, before[:]...)
	for _, n := range []int64{r.Position, r.ID, r.AtMs} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = r.Entry.appendTexts(b)
	return sha256.Sum256(append(b, r.Hash[:]...))
}

// VerifyPage verifies at most limit entries after a position as [Log.Verify] does, so that a caller verifies the
// chain in parts. The last part includes the proofs of unchained entries. It is refused with QueryInvalid if limit
// is not 1 to MaxPage or the position is not in the chain. The caller checks the permission, and writes the read
// to the audit log.
func (l *Log) VerifyPage(ctx context.Context, after int64, limit int) (p ChainPage, err error) {
	if limit < 1 || limit > MaxPage {
		return p, problem.New(QueryInvalid, "limit must be 1 to 500")
	}
	if p.State, err = l.State(ctx); err != nil {
		return p, err
	}
	e, lowest, err := l.ends(ctx)
	if err != nil {
		return p, err
	}
	p.Base, p.Head, p.After = e.base, e.head, e.base
	if after > e.head.Position {
		return p, problem.New(QueryInvalid, "after must be a position of the chain")
	}
	switch {
	case e.base != (Anchor{}) && !equal(l.baseMAC(e.base), e.baseMAC):
		p.Broken = &Break{Position: max(e.base.Position, 1), From: 1, Because: notArchived}
		return p, nil
	case lowest.Valid && lowest.Int64 <= e.base.Position:
		p.Broken = breakAt(lowest.Int64, neverChained)
		return p, nil
	}
	report := Report{Base: e.base}
	w := walk{Log: l, report: &report, anchors: []Anchor{e.head}}
	if after > e.base.Position {
		before, err := l.at(ctx, after)
		if errors.Is(err, sql.ErrNoRows) {
			p.After.Position, p.Broken = after, breakAt(after, removed)
			return p, nil
		}
		if err != nil {
			return p, err
		}
		p.After = Anchor{after, before.Hash}
		w.proved = before.Proof != Proof{}
	}
	report.Head = p.After
	w.passBase()
	if report.Broken == nil {
		err = w.page(ctx, &p, limit)
	}
	p.Broken = report.Broken
	if report.Base != p.Base { // entries were archived meanwhile
		p.Base, p.After, p.Entries = report.Base, report.Base, nil
	}
	return p, err
}

// page verifies one batch.
func (w *walk) page(ctx context.Context, p *ChainPage, limit int) error {
	batch, err := w.after(ctx, w.report.Head.Position, limit)
	if err != nil {
		return err
	}
	valid := w.follow(batch)
	before := p.After.Hash
	for i := range batch[:w.report.Checked] {
		p.Entries = append(p.Entries, ChainedEntry{batch[i], digest(before, &batch[i])})
		before = batch[i].Hash
	}
	switch {
	case !valid:
		return w.diagnose(ctx)
	case w.report.Broken == nil && len(batch) < limit:
		if w.end(); w.report.Broken == nil {
			return w.checkUnchained(ctx)
		}
	}
	return nil
}

// at reads the entry at a position; sql.ErrNoRows: there is none.
func (l *Log) at(ctx context.Context, position int64) (r Record, err error) {
	found, err := database.Read(ctx, l.db, "read the audit log", func(ctx context.Context, q database.Queries) ([]Record, error) {
		return database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position = $1`, position)
	})
	if err == nil && len(found) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return r, err
	}
	return found[0], nil
}
