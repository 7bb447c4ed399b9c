package httpapi

import (
	"context"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
)

type heldConsent struct {
	Policy string `json:"policy"`
	At     int64  `json:"at"`
}

type heldLogin struct {
	Login     string `json:"login"`
	BeganAt   int64  `json:"began_at"`
	UsedAt    int64  `json:"used_at"`
	ExpiresAt int64  `json:"expires_at"`
	EndedAt   int64  `json:"ended_at,omitempty"`
	This      bool   `json:"this"` // the one that asks
}

// heldCode is an account code: which ticketing system was to learn the account.
type heldCode struct {
	Client     string `json:"client"`
	MadeAt     int64  `json:"made_at"`
	RedeemedAt int64  `json:"redeemed_at,omitempty"`
}

type heldFailures struct {
	Failures    int   `json:"failures"`
	Locks       int   `json:"locks"`
	LockedUntil int64 `json:"locked_until,omitempty"`
}

// heldCodes are the codes to phones that count now.
type heldCodes struct {
	Sent        int   `json:"sent"`
	LockedUntil int64 `json:"locked_until,omitempty"`
}

// heldOfAccount is all that is held of an account (rule B12).
type heldOfAccount struct {
	Profile       profile       `json:"profile"`
	PasswordSetAt int64         `json:"password_set_at"`
	Consents      []heldConsent `json:"consents"`
	Logins        []heldLogin   `json:"logins"`
	FailedLogins  heldFailures  `json:"failed_logins"`
	PhoneCodes    heldCodes     `json:"phone_codes"`
	Codes         []heldCode    `json:"account_codes"`
	Applications  []heldOf      `json:"applications"`
	// PaperProofs are empty before the holder's identity was checked.
	PaperProofs []paperProof `json:"paper_proofs"`
	// Registry is left out where there is none.
	Registry *heldInRegistry `json:"registry,omitempty"`
}

// accountData tells the holder what is held: the account, its applications, and
// what the registry has of it.
func (a *API) accountData(r *request, h account.Holder) (any, error) {
	held, err := a.accounts.PersonalData(r.Context(), h)
	if err != nil {
		return nil, err
	}
	out := heldOfAccount{
		Profile: newProfile(held.Profile, h), PasswordSetAt: held.PasswordSetAt.Seconds(),
		Consents: each(held.Consents, func(c account.ConsentGiven) heldConsent { return heldConsent{c.Policy, c.At.Seconds()} }),
		Logins: each(held.Logins, func(l account.Login) heldLogin {
			return heldLogin{l.ID, l.BeganAt.Seconds(), l.UsedAt.Seconds(), l.ExpiresAt.Seconds(), l.EndedAt.Seconds(), l.This}
		}),
		FailedLogins: heldFailures(held.FailedLogins),
		PhoneCodes:   heldCodes{held.CodesSent.Failures, held.CodesSent.LockedUntil},
		Codes: each(held.Codes, func(c account.StoredAccountCode) heldCode {
			return heldCode{c.Client, c.MadeAt.Seconds(), c.RedeemedAt.Seconds()}
		}),
	}
	if out.Applications, err = a.heldApplications(r.Context(), h); err != nil {
		return nil, err
	}
	if out.PaperProofs, err = a.paperProofsOfHolder(r.Context(), h); err != nil {
		return nil, err
	}
	out.Registry, err = a.heldInRegistry(r.Context(), h)
	return out, err
}

func (a *API) heldApplications(ctx context.Context, h account.Holder) ([]heldOf, error) {
	all, err := a.service.Views(ctx, h)
	if err != nil {
		return nil, err
	}
	out := make([]heldOf, 0, len(all))
	for _, s := range all {
		one, err := a.service.Authorize(ctx, credential.ByLogin(h), s.Application)
		if problem.Is(err, credential.Unauthorized) {
			continue // erased since it was listed
		}
		if err != nil {
			return nil, err
		}
		d, err := a.service.Export(ctx, one)
		if err != nil {
			return nil, err
		}
		out = append(out, newHeld(d))
	}
	return out, nil
}

type heldPassenger struct {
	passenger
	FailedProofs heldFailures `json:"failed_proofs"`
}

type heldTicket struct {
	Passenger  string `json:"passenger"`
	State      string `json:"state"`
	ReportedAt int64  `json:"reported_at"`
	EndsAt     int64  `json:"ends_at"`
	// The rest is missing for a ticket that was reported before it was asked.
	Order     string   `json:"order,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Journey   *journey `json:"journey,omitempty"`
}

// heldInRegistry is all that the registry holds of an account (rule B12).
type heldInRegistry struct {
	Holder       own             `json:"holder"`
	FailedProofs heldFailures    `json:"failed_proofs"`
	Passengers   []heldPassenger `json:"passengers"`
	Tickets      []heldTicket    `json:"tickets"`
}

// heldInRegistry is nil where there is no registry.
func (a *API) heldInRegistry(ctx context.Context, h account.Holder) (*heldInRegistry, error) {
	if a.registry == nil {
		return nil, nil
	}
	held, err := a.registry.PersonalData(ctx, h)
	if err != nil {
		return nil, err
	}
	return &heldInRegistry{
		Holder: a.newOwn(held.Own), FailedProofs: heldFailures(held.FailedProofs),
		Passengers: each(held.Passengers, func(p registry.PassengerData) heldPassenger {
			return heldPassenger{a.newPassenger(p.Line), heldFailures(p.FailedProofs)}
		}),
		Tickets: each(held.Tickets, func(t registry.TicketData) heldTicket {
			return heldTicket{passengerName(t.Passenger), t.State.String(), t.ReportedAt.Unix(), t.Ends.Unix(), t.Order, t.Reference, newJourney(t.Journey)}
		}),
	}, nil
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

func newHeld(d credential.PersonalData) heldOf {
	out := heldOf{
		standing: newStanding(d.View), Name: d.Name, DocumentType: d.Document, DocumentNumber: d.Number, City: d.City,
		Account: d.LoggedIn, Subject: d.Subject, Sessions: d.Sessions, ErasedAt: d.ErasedAt,
		PaperProofs: each(d.PaperProofs, newPaperProof),
	}
	if d.Policy != "" {
		out.Consent = &heldConsent{d.Policy, d.AgreedAt}
	}
	return out
}

// applicationData tells what is held of the application (rule B12).
func (a *API) applicationData(r *request, h credential.Holder) (any, error) {
	d, err := a.service.Export(r.Context(), h)
	return newHeld(d), err
}
