package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// passenger is a line of an account's list, as its holder reads it.
type passenger struct {
	Passenger string `json:"passenger"`
	person
	guided
	AddedAt  int64  `json:"added_at"`
	Tickets  int    `json:"tickets"` // of this account: bought, or issued by a change
	Policy   string `json:"policy"`
	AgreedAt int64  `json:"agreed_at"`
	Version  int64  `json:"version"`
	// HolderNeeded: on this full list it is verified with both originals (G04).
	HolderNeeded bool `json:"holder_original_needed,omitempty"`
}

func (a *API) newPassenger(l registry.Line) passenger {
	of := rules.ListedEntry
	if l.HolderOriginal {
		of = rules.BeyondEntry
	}
	return passenger{
		Passenger: l.ID, person: newPerson(l.Person), guided: a.newGuided(l.Person, l.Status, of), AddedAt: l.AddedAt.Unix(), Tickets: l.Tickets,
		Policy: l.Policy, AgreedAt: l.AgreedAt.Unix(), Version: l.Version, HolderNeeded: l.HolderOriginal,
	}
}

// guided is a status with what a person reads of it.
type guided struct {
	Status     string    `json:"status"`
	StatusText bilingual `json:"status_text"`
	NextStep   bilingual `json:"next_step"`
	// Contact is customer service, for a failed identity (S4:411-415).
	Contact *bilingual `json:"contact,omitempty"`
}

func (a *API) newGuided(p rules.Person, s rules.Status, of rules.EntryKind) guided {
	t := rules.Guidance(p, s, of)
	g := guided{s.String(), bilingual{t.EN, t.ZH}, bilingual{t.NextEN, t.NextZH}, nil}
	if s == rules.Failed {
		g.Contact = (*bilingual)(&a.reach)
	}
	return g
}

// own is the holder's entry. Its version is not the profile's.
type own struct {
	person
	guided
	Tickets    int   `json:"tickets"`     // for all passengers: bought, or issued by a change
	OwnTickets int   `json:"own_tickets"` // those of them for the holder
	Version    int64 `json:"version"`
}

func (a *API) newOwn(o registry.Own) own {
	return own{newPerson(o.Person), a.newGuided(o.Person, o.Status, rules.OwnEntry), o.Tickets, o.OwnTickets, o.Version}
}

// listPassengers shows the holder and the list, the oldest line first.
func (a *API) listPassengers(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	l, err := a.registry.List(r.Context(), h)
	if err != nil {
		return err
	}
	all := make([]passenger, len(l.Passengers))
	for i, line := range l.Passengers {
		all[i] = a.newPassenger(line)
	}
	return writeJSON(w, http.StatusOK, struct {
		Holder     own         `json:"holder"`
		Passengers []passenger `json:"passengers"`
	}{a.newOwn(l.Own), all})
}

// enteredPassenger is a passenger as the holder typed one. With the policy the
// holder says that the passenger agreed to it (rule B12).
type enteredPassenger struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
	Policy         string `json:"policy"`
}

func (e enteredPassenger) entered() registry.EnteredPassenger {
	return registry.EnteredPassenger{
		Entry: rules.Entry{
			Name: e.Name, DocumentType: e.DocumentType, DocumentNumber: e.DocumentNumber, Nationality: e.Nationality, Substituted: e.Substituted,
		},
		Policy: e.Policy,
	}
}

// addPassenger puts somebody on the list (rules B2 and B3).
func (a *API) addPassenger(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in enteredPassenger
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	l, err := a.registry.Add(r.Context(), h, in.entered())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, a.newPassenger(l))
}

// editPassenger replaces what a line says. As with the profile, the version that
// was edited stands in the body.
func (a *API) editPassenger(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Version int64 `json:"version"`
		enteredPassenger
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	l, err := a.registry.Edit(r.Context(), h, r.PathValue("id"), in.Version, in.entered())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a.newPassenger(l))
}

// deletePassenger takes somebody off the list (rule B4).
func (a *API) deletePassenger(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	if err := a.registry.Delete(r.Context(), h, r.PathValue("id")); err != nil {
		return err
	}
	return noContent(w)
}
