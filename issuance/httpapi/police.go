package httpapi

import (
	"context"
	"strconv"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// lookUpCredential returns the status of a credential to a police desk, without its
// person.
func (a *API) lookUpCredential(r *request, by registry.Principal) (any, error) {
	out, err := a.service.LookUp(r.Context(), by.By, r.PathValue("serial"), by.Request)
	return newApplicationStatus(out), err
}

// revokeCredential revokes a credential on behalf of the caller's staff credential.
func (a *API) revokeCredential(r *request, by registry.Principal, in struct {
	Reason string `json:"reason"`
}) (any, error) {
	return accepted(a.service.Revoke(r.Context(), by.By, r.PathValue("serial"), in.Reason, by.Request))
}

// unrevokeCredential undoes a revocation.
func (a *API) unrevokeCredential(r *request, by registry.Principal, _ empty) (any, error) {
	return accepted(a.service.Unrevoke(r.Context(), by.By, r.PathValue("serial"), by.Request))
}

// accepted is a response with 202: the record is durable and reaches the gateways soon.
func accepted(out credential.Accepted, err error) (any, error) {
	return struct {
		Serial       string `json:"serial"`
		AcceptedAtMs int64  `json:"accepted_at_ms"`
	}{out.Serial.String(), out.AtMs}, err
}

// forgivePassages makes the passages of a credential up to now not count.
func (a *API) forgivePassages(r *request, by registry.Principal, in struct {
	Serial string `json:"serial"`
	Reason string `json:"reason"`
}) (any, error) {
	return accepted(a.service.Forgive(r.Context(), by.By, in.Serial, in.Reason, by.Request))
}

// declareAmnesty lets the gates of stations neither need nor record passages for a time.
func (a *API) declareAmnesty(r *request, by registry.Principal, in struct {
	Scopes   []string `json:"scopes"`
	Stations []string `json:"stations"`
	StartsAt *int64   `json:"starts_at"`
	EndsAt   int64    `json:"ends_at"`
	Reason   string   `json:"reason"`
}) (any, error) {
	want := credential.Amnesty{Scopes: in.Scopes, Stations: in.Stations, Until: in.EndsAt, Reason: in.Reason}
	if in.StartsAt != nil {
		if want.From = *in.StartsAt; want.From == 0 {
			want.From = -1 // 0 means now only if the field is missing
		}
	}
	return acceptedAmnesty(a.service.DeclareAmnesty(r.Context(), by.By, want, by.Request))
}

// acceptedAmnesty is a response with 202.
func acceptedAmnesty(out credential.Declared, err error) (any, error) {
	return struct {
		AcceptedAtMs int64 `json:"accepted_at_ms"`
		StartsAt     int64 `json:"starts_at"`
		EndsAt       int64 `json:"ends_at"`
	}{out.AtMs, out.From, out.Until}, err
}

// endAmnesty ends an amnesty early.
func (a *API) endAmnesty(r *request, by registry.Principal, _ empty) (any, error) {
	return acceptedAmnesty(a.service.EndAmnesty(r.Context(), by.By, r.PathValue("id"), by.Request))
}

// listAmnesties lists the amnesties that are not over.
func (a *API) listAmnesties(r *request, by registry.Principal) (any, error) {
	all, err := a.service.Amnesties(r.Context(), by.By)
	type amnesty struct {
		ID           string   `json:"id"`
		Station      string   `json:"station"`
		Scopes       []string `json:"scopes"`
		StartsAt     int64    `json:"starts_at"`
		EndsAt       int64    `json:"ends_at"`
		Reason       string   `json:"reason"`
		By           string   `json:"by"`
		AcceptedAtMs int64    `json:"accepted_at_ms"`
	}
	return struct {
		Amnesties []amnesty `json:"amnesties"`
	}{each(all, func(d credential.DeclaredAmnesty) amnesty {
		return amnesty{strconv.FormatInt(d.ID, 10), d.Station, d.Scopes.Names(), d.From, d.Until, d.Reason, d.By, d.AtMs}
	})}, err
}

// paperProof is a paper proof issued by a police desk. Times are in Unix seconds.
type paperProof struct {
	PaperProof string `json:"paper_proof"`
	Reason     string `json:"reason"`
	IssuedAt   int64  `json:"issued_at"`
	ErasedAt   int64  `json:"erased_at"`
}

func newPaperProof(p credential.PaperProof) paperProof {
	return paperProof{p.ID, p.Reason, p.IssuedAt, p.ErasedAt}
}

// issuePaperProof records a paper proof issued by a police desk.
func (a *API) issuePaperProof(r *request, by registry.Principal, in struct {
	shown
	Reason string `json:"reason"`
}) (any, error) {
	d := credential.Document{Type: in.DocumentType, Number: in.DocumentNumber, Nationality: in.Nationality}
	out, err := a.service.IssuePaperProof(r.Context(), by.By, d, in.Reason, by.Request)
	return newPaperProof(out), err
}

// paperProofsOfHolder lists the paper proofs of an account's holder. The list is empty
// until the identity is checked: before that, the holder may be anyone who knows the
// number.
func (a *API) paperProofsOfHolder(ctx context.Context, h account.Holder) ([]paperProof, error) {
	if a.registry == nil {
		return []paperProof{}, nil
	}
	o, err := a.registry.Own(ctx, h)
	if err != nil {
		return nil, err
	}
	if o.Status != rules.Verified && o.Status != rules.PreVerified {
		return []paperProof{}, nil
	}
	p := o.Person
	all, err := a.service.PaperProofsOf(ctx, credential.Document{Type: p.Document.String(), Number: p.Number, Nationality: string(p.Nationality)})
	return each(all, newPaperProof), err
}

// booking is a ticket of the identified person.
type booking struct {
	State  string `json:"state"`
	EndsAt int64  `json:"ends_at"`
	// The remaining fields are missing for tickets reported before the API had them.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

func newBooking(b registry.Booking) booking {
	return booking{b.State.String(), b.Ends.Unix(), b.Order, b.Reference, newJourney(b.Journey)}
}

// maxScan bounds a scanned text, in characters, as the gateway does.
const maxScan = 1024

// identify returns the person of a scanned code and their tickets.
func (a *API) identify(r *request, by registry.Principal, in struct {
	Code    *string `json:"code"`
	Purpose string  `json:"purpose"`
}) (any, error) {
	if in.Code == nil || utf8.RuneCountInString(*in.Code) > maxScan {
		return nil, malformed("code is required and has at most 1024 characters")
	}
	purpose, err := staff.ParsePurpose(in.Purpose)
	if err != nil {
		return nil, problem.New(credential.PurposeInvalid, "purpose must be sale, refund, change or verify")
	}
	found, err := a.service.IdentifyCode(r.Context(), by.By, credential.Scanned{Text: *in.Code, Purpose: purpose, Request: by.Request})
	if err != nil {
		return nil, err
	}
	var bookings []registry.Booking
	if a.registry != nil {
		if bookings, err = a.registry.Bookings(r.Context(), found.Number); err != nil {
			return nil, err
		}
	}
	return struct {
		Serial       string    `json:"serial"`
		Scopes       []string  `json:"scopes"`
		SecondsLeft  int64     `json:"seconds_left"`
		Name         string    `json:"name"`
		DocumentType string    `json:"document_type"`
		Masked       string    `json:"document_number_masked"`
		Bookings     []booking `json:"bookings"`
	}{found.Serial.String(), found.Scopes.Names(), found.SecondsLeft, found.Name, found.Document.String(), found.Masked(), each(bookings, newBooking)}, nil
}
