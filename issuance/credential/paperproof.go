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

// Document is a document that is presented at a desk, or that a face check confirmed. It is
// personal data.
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

// PaperProofReasons are why a person gets a proof on paper: the month's three applications
// are used up, an application was not approved, the document does not qualify, or the
// person has no phone to show a code.
func PaperProofReasons() []string {
	return []string{"quota_used_up", "not_approved", "document_not_supported", "no_phone"}
}

// maxPaperProofs bounds a list of paper proofs. Our choice: one a day is 31.
const maxPaperProofs = 100

// IssuePaperProof records that a police desk made a paper proof for a person (rules A7 and
// A14). It neither uses nor checks a quota: the desk decides, with the person present. The
// answer does not mention the person's electronic credentials: otherwise a number alone
// would reveal them to every desk.
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
	id, issued := ids.New(paperProofPrefix, ids.IDSize), database.MillisAt(now)
	entry.Object, entry.Detail, entry.Request = audit.Object{Kind: audit.PaperProof, ID: id}, reason, request
	err = s.Store.db.Change(ctx, "record paper proof", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO paper_proofs (id, person, reason, issued_ms) VALUES ($1, $2, $3, $4)`, id, person[:], reason, issued)
		if err != nil {
			return err
		}
		return s.AuditLog.Append(ctx, tx, entry)
	})
	if err != nil {
		return PaperProof{}, err
	}
	s.metrics.paperProofs.Inc()
	return newPaperProof(id, reason, issued), nil
}

// PaperProofsOf lists the paper proofs of a person that are not erased yet, the newest
// first. The caller must have checked that the person themselves sends the request: a
// document number is no secret.
func (s *Service) PaperProofsOf(ctx context.Context, d Document) ([]PaperProof, error) {
	person, err := s.paperPerson(d)
	if err != nil {
		return nil, err
	}
	all := []PaperProof{}
	err = s.Store.db.View(ctx, "list paper proofs", func(ctx context.Context, q database.Queries) error {
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var id, reason string
			var issued database.Millis
			err := rows.Scan(&id, &reason, &issued)
			all = append(all, newPaperProof(id, reason, issued))
			return err
		}, `SELECT id, reason, issued_ms FROM paper_proofs WHERE person = $1 ORDER BY issued_ms DESC, id LIMIT $2`, person[:], maxPaperProofs)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func newPaperProof(id, reason string, issued database.Millis) PaperProof {
	return PaperProof{id, reason, issued.Seconds(), issued.Add(RecordLife).Seconds()}
}

// paperPerson checks a document's form and hashes it.
func (s *Service) paperPerson(d Document) (person [sha256.Size]byte, err error) {
	p, err := identity.ReadDocument(identity.Entry{DocumentType: d.Type, DocumentNumber: d.Number, Nationality: d.Nationality}, s.Now())
	if err != nil {
		return person, account.IdentityProblem(err, "document_type ")
	}
	if p.Document != identity.Passport {
		p.Nationality = "" // optional with permits: one document must have one hash
	}
	return s.vault.Index("paper_proofs.person", p.Document.String()+" "+string(p.Nationality)+" "+p.Number), nil
}
