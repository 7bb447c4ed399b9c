package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
)

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
