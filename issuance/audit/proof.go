package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

// Sizes of the parts of a proof, bytes.
const (
	headSize  = 8
	nonceSize = 16
	proofSize = headSize + nonceSize + len(Hash{})
)

// Proof shows that a holder of the chain's key wrote an entry, and wrote it once. It is
// the position of the newest sealed entry that the writer knew of, a nonce, and
// HMAC-SHA-256 over both and over every column that the writer sets. Equal acts have
// different proofs; a copy of a row has the proof of the original, and is refused.
type Proof [proofSize]byte

// MarshalText writes lower-case hex digits.
func (p Proof) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(p[:])), nil }

// UnmarshalText reads what MarshalText writes, and only that.
func (p *Proof) UnmarshalText(text []byte) error { return unhex(p[:], text, "a proof") }

// readProof reads a column. Another length is a proof that does not hold, rather than none.
func readProof(column []byte) (p Proof) {
	if len(column) != len(p) {
		p[len(p)-1] = 1
		return p
	}
	return Proof(column)
}

func (p *Proof) head() int64 { return int64(binary.BigEndian.Uint64(p[:headSize])) }

func newNonce() (n [nonceSize]byte) {
	rand.Read(n[:]) // never fails since Go 1.24: the program ends instead
	return n
}

// prove makes the proof of an entry.
func (t *Log) prove(e *Entry, head int64, nonce [nonceSize]byte) (p Proof) {
	binary.BigEndian.PutUint64(p[:], uint64(head))
	copy(p[headSize:], nonce[:])
	b := appendText(make([]byte, 0, 512), proofDomain)
	b = append(b, p[:headSize+nonceSize]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.AtMs))
	mac := t.mac(e.appendTexts(b))
	copy(p[headSize+nonceSize:], mac[:])
	return p
}

// Why an entry is not sealed, and for the report of a verification.
const (
	noProof    = "it carries no proof that an issuer wrote it"
	wrongProof = "its proof does not hold: it was changed, or no issuer wrote it"
	copied     = "it is a copy of another entry"
	outdated   = "it was written before entries that have been archived since: a copy of one of them"
)

// unproved says what is wrong with an entry's own proof; empty: nothing.
func (t *Log) unproved(r *Record) string {
	if r.Proof == (Proof{}) {
		return noProof
	}
	want := t.prove(&r.Entry, r.Proof.head(), [nonceSize]byte(r.Proof[headSize:headSize+nonceSize]))
	if !hmac.Equal(want[:], r.Proof[:]) {
		return wrongProof
	}
	return ""
}

// forged says what is wrong with the proof of a sealed entry; empty: nothing. Entries
// without one are good until the first with one, which sets proved.
func (t *Log) forged(r *Record, proved *bool) string {
	if r.Proof == (Proof{}) && !*proved {
		return ""
	}
	*proved = true
	return t.unproved(r)
}

// unknownHead is what Trail.head is before the first look at the database.
const unknownHead = -1

// seenHead is the newest sealed position that this process knows of; only the first
// call asks the database.
func (t *Log) seenHead(ctx context.Context, tx *sql.Tx) (int64, error) {
	if head := t.head.Load(); head != unknownHead {
		return head, nil
	}
	e, err := readEnds(ctx, tx, "")
	if err != nil {
		return 0, err
	}
	t.sawHead(e.head.Position)
	return e.head.Position, nil
}

// sawHead remembers a committed head.
func (t *Log) sawHead(position int64) {
	for old := t.head.Load(); old < position && !t.head.CompareAndSwap(old, position); old = t.head.Load() {
	}
}

// beforeProofs reports whether the chain ends with an entry from before entries carried
// a proof: then, and only then, entries that wait may have none. The row is checked
// under the key, since by its word unproved entries would be taken in.
func (t *Log) beforeProofs(ctx context.Context, q database.Queries, e ends) (bool, error) {
	if e.head.Position == 0 || e.head.Position == e.base.Position {
		return false, nil
	}
	last, err := database.All(ctx, q, scan, `SELECT `+columns+` FROM audit WHERE position IN ($1, $2) ORDER BY position`, e.head.Position-1, e.head.Position)
	if err != nil || len(last) == 0 {
		return false, err
	}
	newest, before := &last[len(last)-1], e.base.Hash
	if e.head.Position-1 > e.base.Position {
		if len(last) != 2 {
			return false, nil
		}
		before = last[0].Hash
	}
	return newest.Position == e.head.Position && newest.Proof == Proof{} &&
		equal(newest.Hash, e.head.Hash) && equal(t.link(before, newest.Position, newest), newest.Hash), nil
}

// passedOver is an entry that is not sealed, and why.
type passedOver struct {
	row int64
	why string
}

// refusals counts them and keeps the first.
type refusals struct {
	first passedOver
	count int64
}

func (all *refusals) add(some []passedOver) {
	if all.count == 0 && len(some) > 0 {
		all.first = some[0]
	}
	all.count += int64(len(some))
}

// sift separates the entries that an issuer wrote, each once, from all others.
func (t *Log) sift(ctx context.Context, q database.Queries, e ends, records []Record) (good []Record, bad []passedOver, err error) {
	seen, err := sealedProofs(ctx, q, records)
	if err != nil {
		return nil, nil, err
	}
	for i := range records {
		r := &records[i]
		why := t.unproved(r)
		switch {
		case why != "":
		case seen[r.Proof] != 0 && seen[r.Proof] != r.ID:
			why = copied
		case r.Proof.head() < e.base.Position:
			why = outdated
		default:
			seen[r.Proof] = r.ID
			good = append(good, *r)
			continue
		}
		bad = append(bad, passedOver{r.ID, why})
	}
	return good, bad, nil
}

// neverSealed reads the state of the chain once and returns a function that picks, from
// entries that wait to be sealed, those that no issuer will seal. An entry without a
// proof in a database from before proofs is not picked: the next start takes it in.
func (t *Log) neverSealed(ctx context.Context, q database.Queries) (pick func([]Record) ([]passedOver, error), err error) {
	e, err := readEnds(ctx, q, "")
	if err != nil {
		return nil, err
	}
	old, err := t.beforeProofs(ctx, q, e)
	if err != nil {
		return nil, err
	}
	return func(waiting []Record) ([]passedOver, error) {
		_, bad, err := t.sift(ctx, q, e, waiting)
		return slices.DeleteFunc(bad, func(p passedOver) bool { return old && p.why == noProof }), err
	}, nil
}

// sealedProofs are those proofs of the entries that sealed entries have as well, with
// their rows. The database has an index that refuses a copy; it may have been dropped.
// A row itself may be among them: it was sealed since it was read.
func sealedProofs(ctx context.Context, q database.Queries, records []Record) (map[Proof]int64, error) {
	seen := map[Proof]int64{}
	for some := range slices.Chunk(records, database.RowsAtOnce) {
		proofs := make([]any, len(some))
		for i := range some {
			proofs[i] = some[i].Proof[:]
		}
		err := database.Each(ctx, q, func(rows *sql.Rows) error {
			var id int64
			var proof []byte
			err := rows.Scan(&id, &proof)
			seen[readProof(proof)] = id
			return err
		}, `SELECT id, proof FROM audit WHERE position IS NOT NULL AND proof IN (`+database.Places(len(proofs))+`)`, proofs...)
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// say keeps the count for the metric, and logs a change of it. Run repeats the line
// with each anchor.
func (t *Log) say(refused refusals) {
	before := t.refused.Swap(&refused)
	if refused.count > 0 && (before == nil || *before != refused) {
		t.sayRefused()
	}
}

func (t *Log) sayRefused() {
	if r := t.refused.Load(); r != nil && r.count > 0 {
		t.log.Error("audit log: entries are not sealed: they were not written by an issuer; find out who can write to the database",
			zap.Int64("entries", r.count), zap.Int64("row", r.first.row), zap.String("because", r.first.why))
	}
}
