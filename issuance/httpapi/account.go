package httpapi

import (
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// enteredPerson is a person as entered by a passenger, or by a clerk from the original
// document. Its name is part of responses; see readJSON.
type enteredPerson struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Nationality    string `json:"nationality"`
	Substituted    bool   `json:"substituted"`
}

func (e enteredPerson) entry() identity.Entry {
	return identity.Entry{Name: e.Name, DocumentType: e.DocumentType, DocumentNumber: e.DocumentNumber, Nationality: e.Nationality, Substituted: e.Substituted}
}

// entered is an identity and a contact as entered by a passenger.
type entered struct {
	enteredPerson
	Phone string `json:"phone"`
	Email string `json:"email"`
}

func (e entered) contact() account.Contact { return account.Contact{Phone: e.Phone, Email: e.Email} }

// register creates an account. Its holder then logs in.
func (a *API) register(r *request, _ anonymous, in struct {
	LoginName string `json:"login_name"`
	Password  string `json:"password"`
	Policy    string `json:"policy"`
	entered
}) (any, error) {
	id, err := a.accounts.Register(r.Context(), account.Registration{
		Login: in.LoginName, Password: in.Password, Identity: in.entry(), Contact: in.contact(), Policy: in.Policy,
	}, r.from)
	return struct {
		Account string `json:"account"`
	}{id}, err
}

// logIn checks login name and password. The token is returned only here.
func (a *API) logIn(r *request, _ anonymous, in struct {
	LoginName string `json:"login_name"`
	Password  string `json:"password"`
}) (any, error) {
	out, err := a.accounts.LogIn(r.Context(), in.LoginName, in.Password, r.from)
	return struct {
		Token     string `json:"token"`
		Account   string `json:"account"`
		Login     string `json:"login"`
		ExpiresAt int64  `json:"expires_at"`
	}{out.Token, out.Account, out.Login, out.ExpiresAt.Seconds()}, err
}

// logOut ends the caller's login and the sessions shown by it (rule A12).
func (a *API) logOut(r *request, h account.Holder) (any, error) {
	return nil, a.accounts.LogOut(r.Context(), h)
}

// logOutEverywhere ends every login of the account, for a holder whose phone is lost.
func (a *API) logOutEverywhere(r *request, h account.Holder) (any, error) {
	return nil, a.accounts.LogOutEverywhere(r.Context(), h)
}

// profile is an account's data about its holder.
type profile struct {
	Account   string `json:"account"`
	LoginName string `json:"login_name"`
	person
	Phone         string `json:"phone,omitempty"`
	PhoneVerified int64  `json:"phone_verified_at,omitempty"` // by a code (G40)
	Email         string `json:"email,omitempty"`
	Version       int64  `json:"version"`
	CreatedAt     int64  `json:"created_at"`
	ConsentDue    bool   `json:"consent_due"`
	*guided              // nil where there is no registry
}

func newProfile(p account.Profile, h account.Holder) profile {
	return profile{
		Account: p.Account, LoginName: p.Login, person: newPerson(p.Identity),
		Phone: p.Contact.Phone, PhoneVerified: p.PhoneVerifiedAt.Seconds(), Email: p.Contact.Email, Version: p.Version, CreatedAt: p.CreatedAt.Seconds(), ConsentDue: h.ConsentDue(),
	}
}

func (a *API) profile(r *request, h account.Holder) (any, error) {
	p, err := a.accounts.Profile(r.Context(), h)
	if err != nil {
		return nil, err
	}
	return a.guidedProfile(r, p, h)
}

// guidedProfile is the profile with the status of its holder's identity in the registry.
func (a *API) guidedProfile(r *request, p account.Profile, h account.Holder) (any, error) {
	out := newProfile(p, h)
	if a.registry != nil {
		o, err := a.registry.Own(r.Context(), h)
		if err != nil {
			return nil, err
		}
		g := a.newGuided(o.Person, o.Status, rules.OwnEntry)
		out.guided = &g
	}
	return out, nil
}

// editProfile replaces the profile. The edited version is in the body, not in If-Match:
// the body has one strict parser, and proxies do not interpret it.
func (a *API) editProfile(r *request, h account.Holder, in struct {
	Version int64 `json:"version"`
	entered
}) (any, error) {
	p, err := a.accounts.Edit(r.Context(), h, account.Edit{Version: in.Version, Identity: in.entry(), Contact: in.contact()})
	if err != nil {
		return nil, err
	}
	return a.guidedProfile(r, p, h)
}

// changePassword replaces the password and ends all other logins. It needs the present
// password.
func (a *API) changePassword(r *request, h account.Holder, in struct {
	Password    string `json:"password"`
	NewPassword string `json:"new_password"`
}) (any, error) {
	return nil, a.accounts.ChangePassword(r.Context(), h, in.Password, in.NewPassword, r.from)
}

// consent records the holder's agreement to the current policy.
func (a *API) consent(r *request, h account.Holder, in struct {
	Policy string `json:"policy"`
}) (any, error) {
	return nil, a.accounts.Consent(r.Context(), h, in.Policy)
}

// sendPhoneCode sends a code to the phone that the holder claims (rule G40).
func (a *API) sendPhoneCode(r *request, h account.Holder, in struct {
	Phone    string `json:"phone"`
	Language filled `json:"language"`
}) (any, error) {
	expires, err := a.accounts.SendPhoneCode(r.Context(), h, in.Phone, string(in.Language), r.from)
	return struct {
		ExpiresAt int64 `json:"expires_at"`
	}{expires.Seconds()}, err
}

// verifyPhone verifies the account's phone with the code sent to it.
func (a *API) verifyPhone(r *request, h account.Holder, in struct {
	Phone    string `json:"phone"`
	Code     string `json:"code"`
	Password string `json:"password"`
}) (any, error) {
	p, err := a.accounts.VerifyPhone(r.Context(), h, in.Phone, in.Code, in.Password, r.from)
	if err != nil {
		return nil, err
	}
	return a.guidedProfile(r, p, h)
}

// startRecovery begins the recovery from a forgotten password. Its response does not
// depend on whether the account exists.
func (a *API) startRecovery(r *request, _ anonymous, in struct {
	LoginName string `json:"login_name"`
	Phone     string `json:"phone"`
	Language  filled `json:"language"`
}) (any, error) {
	out, err := a.accounts.StartRecovery(r.Context(), in.LoginName, in.Phone, string(in.Language), r.from)
	return struct {
		Recovery  string `json:"recovery"`
		ExpiresAt int64  `json:"expires_at"`
	}{out.ID, out.Expires.Seconds()}, err
}

// recovered is the notice to a passenger who has set a new password.
var recovered = bilingual{
	"Your password was changed. All logins of the account were ended, on every phone. A temporary ID stays valid: log in and pass the face check to show it again.",
	"密码已重置，该账户在所有设备上的登录均已退出。电子临时乘车身份证明仍然有效：请重新登录并进行实人核验后再次出示。",
}

// finishRecovery sets a new password with the code of a recovery and ends all logins.
func (a *API) finishRecovery(r *request, _ anonymous, in struct {
	Recovery    string `json:"recovery"`
	Code        string `json:"code"`
	NewPassword string `json:"new_password"`
}) (any, error) {
	ended, err := a.accounts.FinishRecovery(r.Context(), in.Recovery, in.Code, in.NewPassword, r.id, r.from)
	return struct {
		LoginsEnded int       `json:"logins_ended"`
		Notice      bilingual `json:"notice"`
	}{ended, recovered}, err
}

// makeCode returns a one-time code that the holder's app passes to a ticketing system.
func (a *API) makeCode(r *request, h account.Holder, in struct {
	Client    string `json:"client"`
	Challenge filled `json:"challenge"`
}) (any, error) {
	if !a.staff.Named(in.Client, staff.Ticketing) {
		return nil, problem.New(account.ClientUnknown, "client must be the name of a ticketing system's credential")
	}
	c, err := a.accounts.MakeAccountCode(r.Context(), h, in.Client, string(in.Challenge))
	return struct {
		Code      string `json:"code"`
		ExpiresAt int64  `json:"expires_at"`
	}{c.Text, c.ExpiresAt.Seconds()}, err
}

// listApplications lists the account's applications of the last month (rule A13).
func (a *API) listApplications(r *request, h account.Holder) (any, error) {
	all, err := a.service.Views(r.Context(), h)
	return struct {
		Applications []applicationStatus `json:"applications"`
	}{each(all, newApplicationStatus)}, err
}

// closeAccount closes the account and deletes its data. It needs the password, which
// protects the account on a stolen phone.
func (a *API) closeAccount(r *request, h account.Holder, in struct {
	Password string `json:"password"`
}) (any, error) {
	return nil, a.accounts.Close(r.Context(), h, in.Password, r.from)
}
