package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
)

// apply takes an application.
func (a *API) apply(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name           string    `json:"name"`
		DocumentType   string    `json:"document_type"`
		DocumentNumber string    `json:"document_number"`
		City           string    `json:"city"`
		Location       *location `json:"location"`
		Policy         string    `json:"policy"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	form := credential.Form{Name: in.Name, DocumentType: in.DocumentType, DocumentNumber: in.DocumentNumber, City: in.City, Policy: in.Policy}
	if in.Location != nil {
		form.Location = in.Location.read()
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
		Application string            `json:"application"`
		Status      credential.Status `json:"status"`
		AccessToken string            `json:"access_token,omitempty"`
	}{out.Application, credential.StatusSubmitted, out.AccessToken})
}

// location is where the phone says it is, degrees.
type location struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// read is nil if one of the two is missing.
func (l location) read() *credential.Location {
	if l.Latitude == nil || l.Longitude == nil {
		return nil
	}
	return &credential.Location{Latitude: *l.Latitude, Longitude: *l.Longitude}
}

// locate tells the city at a location, for the form to fill in. The location is in the
// body: a path or a query would be logged on the way.
func locate(w http.ResponseWriter, r *http.Request) error {
	var in location
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	c, err := credential.Locate(in.read())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		City        string `json:"city"`
		CityEnglish string `json:"city_en"`
	}{c.Name, c.English})
}
