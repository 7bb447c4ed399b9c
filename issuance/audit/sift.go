package audit

import (
	"context"
	"database/sql"
	"slices"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
)

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
func (t *Trail) sift(ctx context.Context, q database.Queries, e ends, records []Record) (good []Record, bad []passedOver, err error) {
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
func (t *Trail) neverSealed(ctx context.Context, q database.Queries) (pick func([]Record) ([]passedOver, error), err error) {
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
func (t *Trail) say(refused refusals) {
	before := t.refused.Swap(&refused)
	if refused.count > 0 && (before == nil || *before != refused) {
		t.sayRefused()
	}
}

func (t *Trail) sayRefused() {
	if r := t.refused.Load(); r != nil && r.count > 0 {
		t.log.Error("audit log: entries are not sealed: they were not written by an issuer; find out who can write to the database",
			zap.Int64("entries", r.count), zap.Int64("row", r.first.row), zap.String("because", r.first.why))
	}
}
