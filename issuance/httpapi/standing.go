package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
)

// standing is how an application stands. Times are Unix seconds.
type standing struct {
	Application string            `json:"application,omitempty"`
	Status      credential.Status `json:"status"`
	SubmittedAt int64             `json:"submitted_at,omitempty"`
	RefusedFor  problem.Code      `json:"refused_for,omitempty"`
	Serial      string            `json:"serial,omitempty"`
	ApprovedAt  int64             `json:"approved_at,omitempty"`
	ExpiresAt   int64             `json:"expires_at,omitempty"`
	RenewableAt int64             `json:"renewable_at,omitempty"`
}

func newStanding(s credential.Standing) standing {
	out := standing{
		Application: s.Application, Status: s.Status, SubmittedAt: s.SubmittedAt, RefusedFor: s.RefusedFor,
		ApprovedAt: s.ApprovedAt, ExpiresAt: s.ExpiresAt, RenewableAt: s.RenewableAt,
	}
	if s.Serial != nil {
		out.Serial = s.Serial.String()
	}
	return out
}

// standing tells how the application stands.
func (a *API) standing(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
	return writeJSON(w, http.StatusOK, newStanding(a.service.Standing(h)))
}

// heldOf is all that is held of an application.
type heldOf struct {
	standing
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	City           string `json:"city"`
	// Consent is left out where the account's counts.
	Consent  *heldConsent `json:"consent,omitempty"`
	Account  bool         `json:"account"`
	Subject  string       `json:"subject,omitempty"`
	Sessions int          `json:"sessions"`
	ErasedAt int64        `json:"erased_at"`
	// PaperProofs are empty before the applicant is known to be the person.
	PaperProofs []paperProof `json:"paper_proofs"`
}

func newHeld(d credential.HeldData) heldOf {
	out := heldOf{
		standing: newStanding(d.Standing), Name: d.Name, DocumentType: d.Document, DocumentNumber: d.Number, City: d.City,
		Account: d.LoggedIn, Subject: d.Subject, Sessions: d.Sessions, ErasedAt: d.ErasedAt,
		PaperProofs: newPaperProofs(d.PaperProofs),
	}
	if d.Policy != "" {
		out.Consent = &heldConsent{d.Policy, d.AgreedAt}
	}
	return out
}

// held tells what is held of the application (rule B12).
func (a *API) held(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
	d, err := a.service.Held(r.Context(), h)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newHeld(d))
}
