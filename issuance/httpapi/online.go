package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
)

// verifyOnline makes the account's own identity verified by a face check and the resident
// registry (人证核验, rule G39).
func (a *API) verifyOnline(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Evidence string `json:"evidence"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	status, provider, err := a.registry.VerifyOnline(r.Context(), h, in.Evidence, idOf(w), from)
	if err != nil {
		return err
	}
	w.Header().Set(providerHeader, provider)
	return writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{status.String()})
}
