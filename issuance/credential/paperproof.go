package credential

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"slices"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
)

// Document is a document that is presented at a desk, or that a person's identity was
// checked with. It is personal data.
type Document struct {
	Type, Number, Nationality string
}

// PaperProof is a paper proof (纸质临时乘车身份证明) that a police desk made. Times are Unix
// seconds.
type PaperProof struct {
	ID       string
	Reason   string
	IssuedAt int64
	ErasedAt int64
}

// PaperProofReasons are why a person gets a proof on paper: the month's three
// applications are used up, an application did not succeed, the document does not
// qualify, or the person has no phone to show a code with.
func PaperProofReasons() []string {
	return []string{"quota_used_up", "not_approved", "document_not_supported", "no_phone"}
}

// maxPaperProofs bounds a list of paper proofs. Our choice: one a day is 31.
const maxPaperProofs = 100

// IssuePaperProof records that a police desk made a paper proof for a person (rules A7
// and A14). It is counted in no quota and asks for none: the desk decides, by the
// person in front of it. For the same reason the answer says nothing about the person's
// electronic proofs: a number alone would tell them to every desk.
func (s *Service) IssuePaperProof(ctx context.Context, by staff.Member, d Document, reason, request string) (PaperProof, error) {
	now := s.Now()
	entry, err := audit.By(by, staff.IssuePaperProof, audit.Object{}, now.UnixMilli())
	if err != nil {
		return PaperProof{}, err
	}
	person, err := s.paperPerson(d)
	if err != nil {
		return PaperProof{}, err
	}
	if !slices.Contains(PaperProofReasons(), reason) {
		return PaperProof{}, problem.New(ReasonInvalid, "reason must be quota_used_up, not_approved, document_not_supported or no_phone")
	}
	row := paperProofRow{ID: ids.New(paperProofPrefix, ids.IDSize), Person: person, Reason: reason, Issued: database.MillisAt(now)}
	entry.Object, entry.Detail, entry.Request = audit.Object{Kind: audit.PaperProof, ID: row.ID}, reason, request
	if err := s.Store.createPaperProof(ctx, row, entry); err != nil {
		return PaperProof{}, err
	}
	s.metrics.paperProofs.Inc()
	return newPaperProof(row), nil
}

// PaperProofsOf lists the paper proofs of a person, the newest first. The caller must
// have checked that the request is that person's own: a document number is no secret.
func (s *Service) PaperProofsOf(ctx context.Context, d Document) ([]PaperProof, error) {
	person, err := s.paperPerson(d)
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.paperProofsOf(ctx, person, maxPaperProofs)
	if err != nil {
		return nil, err
	}
	all := make([]PaperProof, len(rows))
	for i, row := range rows {
		all[i] = newPaperProof(row)
	}
	return all, nil
}

func newPaperProof(p paperProofRow) PaperProof {
	return PaperProof{p.ID, p.Reason, p.Issued.Seconds(), p.Issued.Add(RecordLife).Seconds()}
}

// paperPerson checks a document's form and hashes it.
func (s *Service) paperPerson(d Document) (person [sha256.Size]byte, err error) {
	p, err := identity.ReadDocument(identity.Entry{DocumentType: d.Type, DocumentNumber: d.Number, Nationality: d.Nationality}, s.Now())
	if err != nil {
		return person, account.IdentityProblem(err, "document_type ")
	}
	if p.Document != identity.Passport {
		p.Nationality = "" // optional with permits: it must not make two of one document
	}
	return s.vault.Index("paper_proofs.person", p.Document.String()+" "+string(p.Nationality)+" "+p.Number), nil
}

// paperProofRow is a paper proof as the database has it.
type paperProofRow struct {
	ID     string
	Person [sha256.Size]byte // keyed hash of the document
	Reason string
	Issued database.Millis
}

// createPaperProof records a paper proof together with its entry in the audit log.
func (s *Store) createPaperProof(ctx context.Context, p paperProofRow, entry audit.Entry) error {
	return s.db.Change(ctx, "record paper proof", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO paper_proofs (id, person, reason, issued_ms) VALUES ($1, $2, $3, $4)`,
			p.ID, p.Person[:], p.Reason, p.Issued)
		if err != nil {
			return err
		}
		return s.trail.Append(ctx, tx, entry)
	})
}

// paperProofsOf lists the paper proofs of a person that are not erased yet, the newest
// first and most of them at the most.
func (s *Store) paperProofsOf(ctx context.Context, person [sha256.Size]byte, most int) (all []paperProofRow, err error) {
	err = s.db.View(ctx, "list paper proofs", func(ctx context.Context, q database.Queries) error {
		all = nil
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			p := paperProofRow{Person: person}
			err := rows.Scan(&p.ID, &p.Reason, &p.Issued)
			all = append(all, p)
			return err
		}, `SELECT id, reason, issued_ms FROM paper_proofs WHERE person = $1 ORDER BY issued_ms DESC, id LIMIT $2`, person[:], most)
	})
	return all, err
}
