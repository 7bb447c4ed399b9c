package api

import (
	"net/http"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
)

// apply takes an application.
func (a *API) apply(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name           string `json:"name"`
		DocumentType   string `json:"document_type"`
		DocumentNumber string `json:"document_number"`
		City           string `json:"city"`
		Location       *struct {
			Latitude  *float64 `json:"latitude"`
			Longitude *float64 `json:"longitude"`
		} `json:"location"`
		Policy string `json:"policy"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	form := issuance.Form{Name: in.Name, DocumentType: in.DocumentType, DocumentNumber: in.DocumentNumber, City: in.City, Policy: in.Policy}
	if l := in.Location; l != nil && l.Latitude != nil && l.Longitude != nil {
		form.Location = &issuance.Location{Latitude: *l.Latitude, Longitude: *l.Longitude}
	}
	var by *account.Holder
	if len(r.Header.Values("Authorization")) > 0 { // a login that has ended must not become none
		h, err := a.login(r)
		if err == nil {
			err = consented(h)
		}
		if err != nil {
			return err
		}
		by = &h
	}
	out, err := a.service.Apply(r.Context(), by, form)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Application string          `json:"application"`
		Status      issuance.Status `json:"status"`
		AccessToken string          `json:"access_token,omitempty"`
	}{out.Application, issuance.StatusSubmitted, out.AccessToken})
}
