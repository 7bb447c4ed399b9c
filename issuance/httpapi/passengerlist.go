package httpapi

import (
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// person is a person as named by a document.
type person struct {
	Name           string `json:"name"`
	NameCut        bool   `json:"name_cut"`      // the name was longer than the rules keep (B8)
	NameUncommon   bool   `json:"name_uncommon"` // a clerk must see the document (B1)
	Substituted    bool   `json:"substituted"`   // contains substitutes for characters that cannot be entered (B8)
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality,omitempty"`
}

func newPerson(p identity.Person) person {
	return person{
		Name: p.Name.Text, NameCut: p.Name.OverLong, NameUncommon: p.Name.Uncommon, Substituted: p.Substituted,
		DocumentType: p.Document.String(), DocumentNumber: p.Number, Nationality: string(p.Nationality),
	}
}

// passenger is a passenger on an account's list, as its holder sees it.
type passenger struct {
	Passenger string `json:"passenger"`
	person
	guided
	AddedAt  int64  `json:"added_at"`
	Tickets  int    `json:"tickets"` // bought by this account, or issued by a change
	Policy   string `json:"policy"`
	AgreedAt int64  `json:"agreed_at"`
	Version  int64  `json:"version"`
	// HolderNeeded is true if the list is full, so that verification needs both original
	// documents (G04).
	HolderNeeded bool `json:"holder_original_needed,omitempty"`
}

func (a *API) newPassenger(l registry.Line) passenger {
	of := rules.ListedEntry
	if l.HolderOriginal {
		of = rules.OverLimitEntry
	}
	return passenger{
		Passenger: l.ID, person: newPerson(l.Person), guided: a.newGuided(l.Person, l.Status, of), AddedAt: l.AddedAt.Unix(), Tickets: l.Tickets,
		Policy: l.Policy, AgreedAt: l.AgreedAt.Unix(), Version: l.Version, HolderNeeded: l.HolderOriginal,
	}
}

// guided is a status with its text and the next step.
type guided struct {
	Status     string    `json:"status"`
	StatusText bilingual `json:"status_text"`
	NextStep   bilingual `json:"next_step"`
	// Contact is customer service, set for a failed identity (S4:411-415).
	Contact *bilingual `json:"contact,omitempty"`
}

func (a *API) newGuided(p identity.Person, s rules.Status, of rules.EntryKind) guided {
	t := rules.Guidance(p, s, of)
	g := guided{s.String(), bilingual{t.EN, t.ZH}, bilingual{t.NextEN, t.NextZH}, nil}
	if s == rules.Failed {
		g.Contact = (*bilingual)(&a.support)
	}
	return g
}

// own is the holder's entry in the registry. Its version is not the profile's.
type own struct {
	person
	guided
	Tickets    int   `json:"tickets"`     // for all passengers: bought, or issued by a change
	OwnTickets int   `json:"own_tickets"` // of those, for the holder
	Version    int64 `json:"version"`
}

func (a *API) newOwn(o registry.Own) own {
	return own{newPerson(o.Person), a.newGuided(o.Person, o.Status, rules.OwnEntry), o.Tickets, o.OwnTickets, o.Version}
}

// listPassengers returns the holder and the list, oldest passenger first.
func (a *API) listPassengers(r *request, h account.Holder) (any, error) {
	l, err := a.registry.List(r.Context(), h)
	return struct {
		Holder     own         `json:"holder"`
		Passengers []passenger `json:"passengers"`
	}{a.newOwn(l.Own), each(l.Passengers, a.newPassenger)}, err
}

// enteredPassenger is a passenger as entered by the holder. With the policy's version the
// holder confirms that the passenger agreed to it (rule B12).
type enteredPassenger struct {
	enteredPerson
	Policy string `json:"policy"`
}

func (e enteredPassenger) entered() registry.EnteredPassenger {
	return registry.EnteredPassenger{Entry: e.entry(), Policy: e.Policy}
}

// addPassenger adds a passenger to the list (rules B2 and B3).
func (a *API) addPassenger(r *request, h account.Holder, in enteredPassenger) (any, error) {
	l, err := a.registry.Add(r.Context(), h, in.entered())
	return a.newPassenger(l), err
}

// editPassenger replaces a passenger's data. As with the profile, the edited version is in
// the body.
func (a *API) editPassenger(r *request, h account.Holder, in struct {
	Version int64 `json:"version"`
	enteredPassenger
}) (any, error) {
	l, err := a.registry.Edit(r.Context(), h, r.PathValue("id"), in.Version, in.entered())
	return a.newPassenger(l), err
}

// deletePassenger removes a passenger from the list (rule B4).
func (a *API) deletePassenger(r *request, h account.Holder) (any, error) {
	return nil, a.registry.Delete(r.Context(), h, r.PathValue("id"))
}

// verifyOnline verifies the holder's identity by a face check and the resident registry
// (人证核验, rule G39).
func (a *API) verifyOnline(r *request, h account.Holder, in struct {
	Evidence string `json:"evidence"`
}) (any, error) {
	status, provider, err := a.registry.VerifyOnline(r.Context(), h, in.Evidence, r.id, r.from)
	if err == nil {
		r.response.Set(providerHeader, provider)
	}
	return statusAnswer(status, err)
}

// previewClosing returns the consequences of closing the account.
func (a *API) previewClosing(r *request, h account.Holder) (any, error) {
	c, err := a.registry.PreviewClosing(r.Context(), h)
	if err != nil {
		return nil, err
	}
	out := struct {
		decision
		TakenUntil int64 `json:"identity_taken_until,omitempty"`
	}{decision: decision{Allowed: c.Refused == nil}}
	if no := new(problem.Error); errors.As(c.Refused, &no) {
		out.Refused = newRefused(no)
	}
	if !c.TakenUntil.IsZero() {
		out.TakenUntil = c.TakenUntil.Add(time.Second - 1).Unix() // rounded up: free at that second
	}
	return out, nil
}
