package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// profile is what an account says of its holder.
type profile struct {
	Account        string `json:"account"`
	LoginName      string `json:"login_name"`
	Name           string `json:"name"`
	NameCut        bool   `json:"name_cut"`      // it was longer than the rules keep (B8)
	NameUncommon   bool   `json:"name_uncommon"` // a clerk must see the document (B1)
	Substituted    bool   `json:"substituted"`   // characters that could not be entered (B8)
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality,omitempty"`
	Phone          string `json:"phone,omitempty"`
	PhoneVerified  int64  `json:"phone_verified_at,omitempty"` // by a code (G40)
	Email          string `json:"email,omitempty"`
	Version        int64  `json:"version"`
	CreatedAt      int64  `json:"created_at"`
	ConsentDue     bool   `json:"consent_due"`
	*guided               // nil where there is no registry
}

func newProfile(p account.Profile, h account.Holder) profile {
	return profile{
		Account: p.Account, LoginName: p.Login,
		Name: p.Identity.Name.Text, NameCut: p.Identity.Name.OverLong, NameUncommon: p.Identity.Name.Uncommon, Substituted: p.Identity.Substituted,
		DocumentType: p.Identity.Document.String(), DocumentNumber: p.Identity.Number, Nationality: string(p.Identity.Nationality),
		Phone: p.Contact.Phone, PhoneVerified: p.PhoneVerifiedMs / 1000, Email: p.Contact.Email, Version: p.Version, CreatedAt: p.CreatedAt, ConsentDue: h.ConsentDue(),
	}
}

func (a *API) profile(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	p, err := a.accounts.Profile(r.Context(), h)
	if err != nil {
		return err
	}
	return a.writeProfile(w, r, p, h)
}

// writeProfile answers with the profile and how far the registry has its holder's
// identity checked.
func (a *API) writeProfile(w http.ResponseWriter, r *http.Request, p account.Profile, h account.Holder) error {
	out := newProfile(p, h)
	if a.registry != nil {
		o, err := a.registry.Own(r.Context(), h)
		if err != nil {
			return err
		}
		g := a.newGuided(o.Person, o.Status, rules.OwnEntry)
		out.guided = &g
	}
	return writeJSON(w, http.StatusOK, out)
}

// editProfile replaces the profile. The version that was edited stands in the
// body, not in If-Match: a body has one strict reader, and no proxy between has
// an opinion of it.
func (a *API) editProfile(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Version int64 `json:"version"`
		entered
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	p, err := a.accounts.Edit(r.Context(), h, account.Edit{Version: in.Version, Identity: in.identity(), Contact: in.contact()})
	if err != nil {
		return err
	}
	return a.writeProfile(w, r, p, h)
}

// changePassword takes the present password and a new one, and ends all other
// logins.
func (a *API) changePassword(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Password    string `json:"password"`
		NewPassword string `json:"new_password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	if err := a.accounts.ChangePassword(r.Context(), h, in.Password, in.NewPassword, from); err != nil {
		return err
	}
	return noContent(w)
}
