package httpapi

import (
	"context"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
)

type consentRecord struct {
	Policy string `json:"policy"`
	At     int64  `json:"at"`
}

type loginRecord struct {
	Login     string `json:"login"`
	BeganAt   int64  `json:"began_at"`
	UsedAt    int64  `json:"used_at"`
	ExpiresAt int64  `json:"expires_at"`
	EndedAt   int64  `json:"ended_at,omitempty"`
	This      bool   `json:"this"` // the caller's login
}

// accountCodeRecord is an account code and the ticketing system that it was made for.
type accountCodeRecord struct {
	Client     string `json:"client"`
	MadeAt     int64  `json:"made_at"`
	RedeemedAt int64  `json:"redeemed_at,omitempty"`
}

type failureCounts struct {
	Failures    int   `json:"failures"`
	Locks       int   `json:"locks"`
	LockedUntil int64 `json:"locked_until,omitempty"`
}

// phoneCodeCounts are the phone codes that count towards the limits now.
type phoneCodeCounts struct {
	Sent        int   `json:"sent"`
	LockedUntil int64 `json:"locked_until,omitempty"`
}

// accountPersonalData is all personal data of an account (rule B12).
type accountPersonalData struct {
	Profile       profile                   `json:"profile"`
	PasswordSetAt int64                     `json:"password_set_at"`
	Consents      []consentRecord           `json:"consents"`
	Logins        []loginRecord             `json:"logins"`
	FailedLogins  failureCounts             `json:"failed_logins"`
	PhoneCodes    phoneCodeCounts           `json:"phone_codes"`
	Codes         []accountCodeRecord       `json:"account_codes"`
	Applications  []applicationPersonalData `json:"applications"`
	// PaperProofs is empty until the holder's identity is checked.
	PaperProofs []paperProof `json:"paper_proofs"`
	// Registry is omitted if there is no registry.
	Registry *registryPersonalData `json:"registry,omitempty"`
}

// accountData returns the holder's personal data: the account, its applications and its
// data in the registry.
func (a *API) accountData(r *request, h account.Holder) (any, error) {
	data, err := a.accounts.PersonalData(r.Context(), h)
	if err != nil {
		return nil, err
	}
	out := accountPersonalData{
		Profile: newProfile(data.Profile, h), PasswordSetAt: data.PasswordSetAt.Seconds(),
		Consents: each(data.Consents, func(c account.ConsentGiven) consentRecord { return consentRecord{c.Policy, c.At.Seconds()} }),
		Logins: each(data.Logins, func(l account.Login) loginRecord {
			return loginRecord{l.ID, l.BeganAt.Seconds(), l.UsedAt.Seconds(), l.ExpiresAt.Seconds(), l.EndedAt.Seconds(), l.This}
		}),
		FailedLogins: failureCounts(data.FailedLogins),
		PhoneCodes:   phoneCodeCounts{data.CodesSent.Failures, data.CodesSent.LockedUntil},
		Codes: each(data.Codes, func(c account.StoredAccountCode) accountCodeRecord {
			return accountCodeRecord{c.Client, c.MadeAt.Seconds(), c.RedeemedAt.Seconds()}
		}),
	}
	if out.Applications, err = a.applicationsPersonalData(r.Context(), h); err != nil {
		return nil, err
	}
	if out.PaperProofs, err = a.paperProofsOfHolder(r.Context(), h); err != nil {
		return nil, err
	}
	out.Registry, err = a.registryPersonalData(r.Context(), h)
	return out, err
}

func (a *API) applicationsPersonalData(ctx context.Context, h account.Holder) ([]applicationPersonalData, error) {
	all, err := a.service.Views(ctx, h)
	if err != nil {
		return nil, err
	}
	out := make([]applicationPersonalData, 0, len(all))
	for _, s := range all {
		one, err := a.service.Authorize(ctx, credential.ByLogin(h), s.Application)
		if problem.Is(err, credential.Unauthorized) {
			continue // erased after it was listed
		}
		if err != nil {
			return nil, err
		}
		d, err := a.service.Export(ctx, one)
		if err != nil {
			return nil, err
		}
		out = append(out, newApplicationPersonalData(d))
	}
	return out, nil
}

type passengerPersonalData struct {
	passenger
	FailedProofs failureCounts `json:"failed_proofs"`
}

type ticketPersonalData struct {
	Passenger  string `json:"passenger"`
	State      string `json:"state"`
	ReportedAt int64  `json:"reported_at"`
	EndsAt     int64  `json:"ends_at"`
	// The remaining fields are missing for tickets reported before the API had them.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

// registryPersonalData is all personal data of an account in the registry (rule B12).
type registryPersonalData struct {
	Holder       own                     `json:"holder"`
	FailedProofs failureCounts           `json:"failed_proofs"`
	Passengers   []passengerPersonalData `json:"passengers"`
	Tickets      []ticketPersonalData    `json:"tickets"`
}

// registryPersonalData returns nil if there is no registry.
func (a *API) registryPersonalData(ctx context.Context, h account.Holder) (*registryPersonalData, error) {
	if a.registry == nil {
		return nil, nil
	}
	data, err := a.registry.PersonalData(ctx, h)
	if err != nil {
		return nil, err
	}
	return &registryPersonalData{
		Holder: a.newOwn(data.Own), FailedProofs: failureCounts(data.FailedProofs),
		Passengers: each(data.Passengers, func(p registry.PassengerData) passengerPersonalData {
			return passengerPersonalData{a.newPassenger(p.Line), failureCounts(p.FailedProofs)}
		}),
		Tickets: each(data.Tickets, func(t registry.TicketData) ticketPersonalData {
			return ticketPersonalData{passengerName(t.Passenger), t.State.String(), t.ReportedAt.Unix(), t.Ends.Unix(), t.Order, t.Reference, newJourney(t.Journey)}
		}),
	}, nil
}

// applicationPersonalData is all personal data of an application.
type applicationPersonalData struct {
	applicationStatus
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	City           string `json:"city"`
	// Consent is omitted if the account's consent applies.
	Consent  *consentRecord `json:"consent,omitempty"`
	Account  bool           `json:"account"`
	Subject  string         `json:"subject,omitempty"`
	Sessions int            `json:"sessions"`
	ErasedAt int64          `json:"erased_at"`
	// PaperProofs is empty until the applicant's identity is checked.
	PaperProofs []paperProof `json:"paper_proofs"`
}

func newApplicationPersonalData(d credential.PersonalData) applicationPersonalData {
	out := applicationPersonalData{
		applicationStatus: newApplicationStatus(d.View), Name: d.Name, DocumentType: d.Document, DocumentNumber: d.Number, City: d.City,
		Account: d.LoggedIn, Subject: d.Subject, Sessions: d.Sessions, ErasedAt: d.ErasedAt,
		PaperProofs: each(d.PaperProofs, newPaperProof),
	}
	if d.Policy != "" {
		out.Consent = &consentRecord{d.Policy, d.AgreedAt}
	}
	return out
}

// applicationData returns the personal data of the application (rule B12).
func (a *API) applicationData(r *request, h credential.Holder) (any, error) {
	d, err := a.service.Export(r.Context(), h)
	return newApplicationPersonalData(d), err
}
