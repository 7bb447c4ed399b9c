package httpapi

import (
	"context"
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// paperProof is a paper proof that a police desk made. Times are Unix seconds.
type paperProof struct {
	PaperProof string `json:"paper_proof"`
	Reason     string `json:"reason"`
	IssuedAt   int64  `json:"issued_at"`
	ErasedAt   int64  `json:"erased_at"`
}

func newPaperProof(p credential.PaperProof) paperProof {
	return paperProof{p.ID, p.Reason, p.IssuedAt, p.ErasedAt}
}

func newPaperProofs(all []credential.PaperProof) []paperProof {
	out := make([]paperProof, len(all))
	for i, p := range all {
		out[i] = newPaperProof(p)
	}
	return out
}

// issuePaperProof records a proof that the police desk made on paper.
func (a *API) issuePaperProof(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	var in struct {
		shown
		Reason string `json:"reason"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	d := credential.Document{Type: in.DocumentType, Number: in.DocumentNumber, Nationality: in.Nationality}
	out, err := a.service.IssuePaperProof(r.Context(), member, d, in.Reason, idOf(w))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, newPaperProof(out))
}

// paperProofsOfHolder lists the paper proofs of an account's holder, once the identity
// was checked: before, the holder may be any person who knows the number.
func (a *API) paperProofsOfHolder(ctx context.Context, h account.Holder) ([]paperProof, error) {
	if a.registry == nil {
		return newPaperProofs(nil), nil
	}
	l, err := a.registry.List(ctx, h)
	if err != nil {
		return nil, err
	}
	if l.Own.Status != rules.Verified && l.Own.Status != rules.PreVerified {
		return newPaperProofs(nil), nil
	}
	p := l.Own.Person
	all, err := a.service.PaperProofsOf(ctx, credential.Document{Type: p.Document.String(), Number: p.Number, Nationality: string(p.Nationality)})
	return newPaperProofs(all), err
}
