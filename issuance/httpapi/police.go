package httpapi

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// lookUp tells the police desk how a credential stands, and not whose it is.
func (a *API) lookUp(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	out, err := a.service.LookUp(r.Context(), member, r.PathValue("serial"), idOf(w))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newStanding(out))
}

// revoke withdraws a credential in the name of the staff credential shown.
func (a *API) revoke(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	return accepted(w)(a.service.Revoke(r.Context(), member, r.PathValue("serial"), in.Reason, idOf(w)))
}

// unrevoke lifts a revocation.
func (a *API) unrevoke(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	return accepted(w)(a.service.Unrevoke(r.Context(), member, r.PathValue("serial"), idOf(w)))
}

// accepted answers 202: the record is durable, the gateways learn it in a moment.
func accepted(w http.ResponseWriter) func(credential.Accepted, error) error {
	return func(out credential.Accepted, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusAccepted, struct {
			Serial       string `json:"serial"`
			AcceptedAtMs int64  `json:"accepted_at_ms"`
		}{out.Serial.String(), out.AtMs})
	}
}

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

// booking is a ticket of the identified person.
type booking struct {
	State  string `json:"state"`
	EndsAt int64  `json:"ends_at"`
	// The rest is missing for a ticket that was reported before it was asked.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

// maxScan bounds what a scanner reads, characters, as the gateway does.
const maxScan = 1024

// identify tells staff who the person of a scanned code is, and what was booked for
// them.
func (a *API) identify(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	if err := by.By.May(staff.Identify); err != nil {
		return err
	}
	var in struct {
		Code    *string `json:"code"`
		Purpose string  `json:"purpose"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if in.Code == nil || utf8.RuneCountInString(*in.Code) > maxScan {
		return malformed("code must be there and have at most 1024 characters: more cannot be a code")
	}
	purpose, err := staff.ParsePurpose(in.Purpose)
	if err != nil {
		return problem.New(credential.PurposeInvalid, "purpose must be sale, refund, change or verify")
	}
	who, err := a.service.IdentifyCode(r.Context(), by.By, credential.Scanned{Text: *in.Code, Purpose: purpose, Request: by.Request})
	if refused := new(credential.CodeError); errors.As(err, &refused) {
		newCodeProblem(refused.Reason).write(w)
		return nil
	}
	if err != nil {
		return err
	}
	bookings := []booking{}
	if a.registry != nil {
		all, err := a.registry.Bookings(r.Context(), who.Number)
		if err != nil {
			return err
		}
		for _, b := range all {
			bookings = append(bookings, booking{b.State.String(), b.Ends.Unix(), b.Order, b.Reference, newJourney(b.Journey)})
		}
	}
	return writeJSON(w, http.StatusOK, struct {
		Serial       string    `json:"serial"`
		Scopes       []string  `json:"scopes"`
		SecondsLeft  int64     `json:"seconds_left"`
		Name         string    `json:"name"`
		DocumentType string    `json:"document_type"`
		Masked       string    `json:"document_number_masked"`
		Bookings     []booking `json:"bookings"`
	}{who.Serial.String(), who.Scopes.Names(), who.SecondsLeft, who.Name, who.Document.String(), who.Masked(), bookings})
}
