package store

import (
	"context"
	"crypto/sha256"
	"database/sql"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
)

// PaperProof is a paper proof that a police desk made for a person.
type PaperProof struct {
	ID       string
	Person   [sha256.Size]byte // keyed hash of the document
	Reason   string
	IssuedMs int64
}

// CreatePaperProof records a paper proof together with its entry in the audit log.
func (s *Store) CreatePaperProof(ctx context.Context, p PaperProof, entry audit.Entry) error {
	return s.db.Change(ctx, "record paper proof", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO paper_proofs (id, person, reason, issued_ms) VALUES ($1, $2, $3, $4)`,
			p.ID, p.Person[:], p.Reason, p.IssuedMs)
		if err != nil {
			return err
		}
		return s.trail.Append(ctx, tx, entry)
	})
}

// PaperProofsOf lists the paper proofs of a person that are not erased yet, the newest
// first and most of them at the most.
func (s *Store) PaperProofsOf(ctx context.Context, person [sha256.Size]byte, most int) (all []PaperProof, err error) {
	err = s.db.View(ctx, "list paper proofs", func(ctx context.Context, q database.Queries) error {
		all = nil
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			p := PaperProof{Person: person}
			err := rows.Scan(&p.ID, &p.Reason, &p.IssuedMs)
			all = append(all, p)
			return err
		}, `SELECT id, reason, issued_ms FROM paper_proofs WHERE person = $1 ORDER BY issued_ms DESC, id LIMIT $2`, person[:], most)
	})
	return all, err
}

// ErasePaperProofs deletes the paper proofs that were issued before beforeMs, at most a
// batch, and returns how many.
func (s *Store) ErasePaperProofs(ctx context.Context, beforeMs int64) (erased int, err error) {
	err = s.db.Change(ctx, "erase paper proofs", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `DELETE FROM paper_proofs WHERE id IN
			(SELECT id FROM paper_proofs WHERE issued_ms < $1 ORDER BY issued_ms, id LIMIT $2)`, beforeMs, eraseBatch)
		erased = int(n)
		return err
	})
	return erased, err
}
