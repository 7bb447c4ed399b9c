package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// entered is an identity and a contact as somebody typed them.
type entered struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
	Phone          string `json:"phone"`
	Email          string `json:"email"`
}

func (e entered) identity() account.EnteredIdentity {
	document, _ := identity.ParseKnown(e.DocumentType) // the account refuses 0 in its turn
	return account.EnteredIdentity{Name: e.Name, Document: document, Number: e.DocumentNumber, Nationality: e.Nationality, Substituted: e.Substituted}
}

func (e entered) contact() account.Contact { return account.Contact{Phone: e.Phone, Email: e.Email} }

// register makes an account. Logging in is the next step.
func (a *API) register(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LoginName string `json:"login_name"`
		Password  string `json:"password"`
		Policy    string `json:"policy"`
		entered
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	id, err := a.accounts.Register(r.Context(), account.Registration{
		Login: in.LoginName, Password: in.Password, Identity: in.identity(), Contact: in.contact(), Policy: in.Policy,
	}, from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Account string `json:"account"`
	}{id})
}

// logIn checks login name and password. The token is told only here.
func (a *API) logIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LoginName string `json:"login_name"`
		Password  string `json:"password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	out, err := a.accounts.LogIn(r.Context(), in.LoginName, in.Password, from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Token     string `json:"token"`
		Account   string `json:"account"`
		Login     string `json:"login"`
		ExpiresAt int64  `json:"expires_at"`
	}{out.Token, out.Account, out.Login, out.ExpiresAt})
}

// logOut ends the login that asks, and with it all that it shows (rule A12).
func (a *API) logOut(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	if err := a.accounts.LogOut(r.Context(), h); err != nil {
		return err
	}
	return noContent(w)
}

// logOutEverywhere ends every login of the account: the way out for somebody
// whose phone is gone.
func (a *API) logOutEverywhere(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	if err := a.accounts.LogOutEverywhere(r.Context(), h); err != nil {
		return err
	}
	return noContent(w)
}

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

// consent takes the holder's agreement to the version in force.
func (a *API) consent(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Policy string `json:"policy"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if err := a.accounts.Consent(r.Context(), h, in.Policy); err != nil {
		return err
	}
	return noContent(w)
}

// sendPhoneCode sends a code to a phone that the holder says is theirs (rule G40).
func (a *API) sendPhoneCode(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Phone    string `json:"phone"`
		Language filled `json:"language"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	expires, err := a.accounts.SendPhoneCode(r.Context(), h, in.Phone, string(in.Language), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, struct {
		ExpiresAt int64 `json:"expires_at"`
	}{expires.Unix()})
}

// verifyPhone makes the phone the account's by the code that was sent to it.
func (a *API) verifyPhone(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Phone    string `json:"phone"`
		Code     string `json:"code"`
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	p, err := a.accounts.VerifyPhone(r.Context(), h, in.Phone, in.Code, in.Password, from)
	if err != nil {
		return err
	}
	return a.writeProfile(w, r, p, h)
}

// startRecovery begins the way back from a forgotten password. It answers alike whether or
// not there is such an account.
func (a *API) startRecovery(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		LoginName string `json:"login_name"`
		Phone     string `json:"phone"`
		Language  filled `json:"language"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	out, err := a.accounts.StartRecovery(r.Context(), in.LoginName, in.Phone, string(in.Language), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusAccepted, struct {
		Recovery  string `json:"recovery"`
		ExpiresAt int64  `json:"expires_at"`
	}{out.ID, out.Expires.Unix()})
}

// recovered is the notice to a person who has set a new password.
var recovered = bilingual{
	"Your password was changed. All logins of the account were ended, on every phone. A temporary ID stays good: log in and pass the face check to show it again.",
	"密码已重置，该账户在所有设备上的登录均已退出。电子临时乘车身份证明仍然有效：请重新登录并进行实人核验后再次出示。",
}

// finishRecovery sets a new password by the code of a recovery and ends all logins.
func (a *API) finishRecovery(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Recovery    string `json:"recovery"`
		Code        string `json:"code"`
		NewPassword string `json:"new_password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	ended, err := a.accounts.FinishRecovery(r.Context(), in.Recovery, in.Code, in.NewPassword, idOf(w), from)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		LoginsEnded int       `json:"logins_ended"`
		Notice      bilingual `json:"notice"`
	}{ended, recovered})
}

// makeCode gives the holder's app a one-time code that it hands to a ticketing system.
func (a *API) makeCode(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Client    string `json:"client"`
		Challenge filled `json:"challenge"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if !a.staff.Named(in.Client, staff.Ticketing) {
		return problem.New(account.ClientUnknown, "client must be the name of a ticketing system's credential")
	}
	c, err := a.accounts.MakeAccountCode(r.Context(), h, in.Client, string(in.Challenge))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Code      string `json:"code"`
		ExpiresAt int64  `json:"expires_at"`
	}{c.Text, c.ExpiresAt})
}

// listed tells what the account applied for in the last month (rule A13).
func (a *API) listed(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	all, err := a.service.Standings(r.Context(), h)
	if err != nil {
		return err
	}
	out := make([]standing, len(all))
	for i, s := range all {
		out[i] = newStanding(s)
	}
	return writeJSON(w, http.StatusOK, struct {
		Applications []standing `json:"applications"`
	}{out})
}

// closeAccount ends the account and deletes what it holds. It takes the
// password: whoever picks up somebody's phone must not get further.
func (a *API) closeAccount(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	if err := a.accounts.Close(r.Context(), h, in.Password, from); err != nil {
		return err
	}
	return noContent(w)
}
