package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/credential"
)

// revoke withdraws a credential in the name of the staff credential shown.
func (a *API) revoke(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	return accepted(w)(a.service.Revoke(r.Context(), member, r.PathValue("serial"), in.Reason, idOf(w)))
}

// unrevoke lifts a revocation.
func (a *API) unrevoke(w http.ResponseWriter, r *http.Request) error {
	member, err := a.staff.Bearer(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	return accepted(w)(a.service.Unrevoke(r.Context(), member, r.PathValue("serial"), idOf(w)))
}

// accepted answers 202: the record is durable, the gateways learn it in a moment.
func accepted(w http.ResponseWriter) func(credential.Accepted, error) error {
	return func(out credential.Accepted, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusAccepted, struct {
			Serial       string `json:"serial"`
			AcceptedAtMs int64  `json:"accepted_at_ms"`
		}{out.Serial.String(), out.AtMs})
	}
}
