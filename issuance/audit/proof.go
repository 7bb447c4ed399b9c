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

// Proof proves that a holder of the chain's key wrote an entry, once. It is the position of the newest chained
// entry that the writer knew, a nonce, and HMAC-SHA-256 over both and over every column that the writer sets.
// Equal actions have different proofs. A copied row has the proof of the original and is refused.
type Proof [proofSize]byte

// MarshalText writes lower-case hex digits.
func (p Proof) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(p[:])), nil }

// UnmarshalText accepts exactly the form of MarshalText.
func (p *Proof) UnmarshalText(text []byte) error { return unhex(p[:], text, "a proof") }

// readProof reads a column. A wrong length gives an invalid proof, not a missing one.
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

// prove makes the proof of an entry. head is the newest known chained position.
func (l *Log) prove(e *Entry, head int64, nonce [nonceSize]byte) (p Proof) {
	binary.BigEndian.PutUint64(p[:], uint64(head))
	copy(p[headSize:], nonce[:])
	b := appendText(make([]byte, 0, 512), proofDomain)
	b = append(b, p[:headSize+nonceSize]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.AtMs))
	mac := l.mac(e.appendTexts(b))
	copy(p[headSize+nonceSize:], mac[:])
	return p
}

// The reasons why an entry is not chained, also for the report of a verification.
const (
	noProof    = "it has no proof that an issuer wrote it"
	wrongProof = "its proof is invalid: it was changed, or no issuer wrote it"
	copied     = "it is a copy of another entry"
	outdated   = "it was written before entries that are archived: a copy of one of them"
)

// unproved returns the fault of an entry's own proof; empty: none.
func (l *Log) unproved(r *Record) string {
	if r.Proof == (Proof{}) {
		return noProof
	}
	want := l.prove(&r.Entry, r.Proof.head(), [nonceSize]byte(r.Proof[headSize:headSize+nonceSize]))
	if !hmac.Equal(want[:], r.Proof[:]) {
		return wrongProof
	}
	return ""
}

// forged returns the fault of a chained entry's proof; empty: none. Entries without a proof are valid up to the
// first one with a proof, which sets proved.
func (l *Log) forged(r *Record, proved *bool) string {
	if r.Proof == (Proof{}) && !*proved {
		return ""
	}
	*proved = true
	return l.unproved(r)
}

// unknownHead is the value of Log.head before the first read of the database.
const unknownHead = -1

// seenHead returns the newest chained position known to this process; only the first call reads the database.
func (l *Log) seenHead(ctx context.Context, tx *sql.Tx) (int64, error) {
	if head := l.head.Load(); head != unknownHead {
		return head, nil
	}
	e, err := readEnds(ctx, tx, "")
	if err != nil {
		return 0, err
	}
	l.sawHead(e.head.Position)
	return e.head.Position, nil
}

// sawHead stores a committed head.
func (l *Log) sawHead(position int64) {
	for old := l.head.Load(); old < position && !l.head.CompareAndSwap(old, position); old = l.head.Load() {
	}
}

// beforeProofs reports whether the last chained entry is from a version without proofs: only then may unchained
// entries have none. The row is verified with the key, because it allows unproved entries into the chain.
func (l *Log) beforeProofs(ctx context.Context, q database.Queries, e ends) (bool, error) {
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
		equal(newest.Hash, e.head.Hash) && equal(l.link(before, newest.Position, newest), newest.Hash), nil
}

// refusedEntry is an entry that is not chained, and the reason.
type refusedEntry struct {
	row int64
	why string
}

// refusedEntries counts refused entries and stores the first.
type refusedEntries struct {
	first refusedEntry
	count int64
}

func (all *refusedEntries) add(some []refusedEntry) {
	if all.count == 0 && len(some) > 0 {
		all.first = some[0]
	}
	all.count += int64(len(some))
}

// checkProofs separates the entries that an issuer wrote, each once, from all others.
func (l *Log) checkProofs(ctx context.Context, q database.Queries, e ends, records []Record) (good []Record, bad []refusedEntry, err error) {
	seen, err := chainedProofs(ctx, q, records)
	if err != nil {
		return nil, nil, err
	}
	for i := range records {
		r := &records[i]
		why := l.unproved(r)
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
		bad = append(bad, refusedEntry{r.ID, why})
	}
	return good, bad, nil
}

// refusedFilter reads the state of the chain once and returns a function that selects, from unchained entries,
// those that no issuer will chain. In a database of a version without proofs, an entry without a proof is not
// selected: the next start adopts it.
func (l *Log) refusedFilter(ctx context.Context, q database.Queries) (pick func([]Record) ([]refusedEntry, error), err error) {
	e, err := readEnds(ctx, q, "")
	if err != nil {
		return nil, err
	}
	old, err := l.beforeProofs(ctx, q, e)
	if err != nil {
		return nil, err
	}
	return func(records []Record) ([]refusedEntry, error) {
		_, bad, err := l.checkProofs(ctx, q, e, records)
		return slices.DeleteFunc(bad, func(p refusedEntry) bool { return old && p.why == noProof }), err
	}, nil
}

// chainedProofs returns the proofs of the records that chained entries have as well, with their rows. The
// database has an index that refuses a copy; an attacker may have dropped it. A record itself may be among the
// rows, if it was chained after it was read.
func chainedProofs(ctx context.Context, q database.Queries, records []Record) (map[Proof]int64, error) {
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

// setRefused stores the count for the metric, and logs a change. Run repeats the log line with each anchor.
func (l *Log) setRefused(refused refusedEntries) {
	before := l.refused.Swap(&refused)
	if refused.count > 0 && (before == nil || *before != refused) {
		l.logRefused()
	}
}

func (l *Log) logRefused() {
	if r := l.refused.Load(); r != nil && r.count > 0 {
		l.log.Error("audit log: entries are not chained because they were not written by an issuer; find out who can write to the database",
			zap.Int64("entries", r.count), zap.Int64("row", r.first.row), zap.String("because", r.first.why))
	}
}
