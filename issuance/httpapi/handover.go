package httpapi

import (
	"context"
	"database/sql"
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
)

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

// redeemCode tells a ticketing system whose account it is, once.
func (a *API) redeemCode(w http.ResponseWriter, r *http.Request, by registry.Principal) error {
	entry, err := audit.By(by.By, staff.RedeemAccountCode, audit.Object{}, a.service.Now().UnixMilli())
	if err != nil {
		return err
	}
	var in struct {
		Code     string `json:"code"`
		Verifier filled `json:"verifier"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	note := func(ctx context.Context, tx *sql.Tx, id, result string) error {
		entry.Object, entry.Detail, entry.Request = audit.Object{Kind: audit.Account, ID: id}, result, by.Request
		return a.service.Trail.Append(ctx, tx, entry)
	}
	id, err := a.accounts.Redeem(r.Context(), account.Redemption{Client: by.By.Name(), Code: in.Code, Verifier: string(in.Verifier)}, note)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Account string `json:"account"`
	}{id})
}
