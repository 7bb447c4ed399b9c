package api

import (
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/tokens"
)

// providerHeader says on every answer to a passed check who checked.
const providerHeader = "Real-Person-Check"

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
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	form := issuance.Form{Name: in.Name, DocumentType: in.DocumentType, DocumentNumber: in.DocumentNumber, City: in.City}
	if l := in.Location; l != nil && l.Latitude != nil && l.Longitude != nil {
		form.Location = &issuance.Location{Latitude: *l.Latitude, Longitude: *l.Longitude}
	}
	out, err := a.service.Apply(r.Context(), form)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, struct {
		Application string          `json:"application"`
		Status      issuance.Status `json:"status"`
		AccessToken string          `json:"access_token"`
	}{out.Application, issuance.StatusSubmitted, out.AccessToken})
}

// holder lets only the application's own access token through. A token of
// another application gets the very answer of no token.
func (a *API) holder(serve func(w http.ResponseWriter, r *http.Request, h issuance.Holder) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h, err := a.service.Authorize(r.Context(), bearerToken(r))
		if err != nil {
			return err
		}
		if h.Application() != r.PathValue("id") {
			return &refusal.Refusal{Code: issuance.Unauthorized}
		}
		return serve(w, r, h)
	}
}

type standing struct {
	Application string          `json:"application,omitempty"`
	Status      issuance.Status `json:"status"`
	Serial      string          `json:"serial,omitempty"`
	ExpiresAt   int64           `json:"expires_at,omitempty"`
}

func newStanding(s issuance.Standing) standing {
	out := standing{Application: s.Application, Status: s.Status, ExpiresAt: s.ExpiresAt}
	if s.Serial != nil {
		out.Serial = s.Serial.String()
	}
	return out
}

// standing tells how the application stands.
func (a *API) standing(w http.ResponseWriter, r *http.Request, h issuance.Holder) error {
	return writeJSON(w, http.StatusOK, newStanding(a.service.Standing(h)))
}

// check has the real-person check done.
func (a *API) check(w http.ResponseWriter, r *http.Request, h issuance.Holder) error {
	var in struct {
		Evidence string `json:"evidence"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	out, err := a.service.Check(r.Context(), h, in.Evidence)
	if err != nil {
		return err
	}
	w.Header().Set(providerHeader, out.Provider)
	application := newStanding(out.Standing)
	application.Application = ""
	return writeJSON(w, http.StatusCreated, struct {
		Check       string   `json:"check"`
		ExpiresAt   int64    `json:"expires_at"`
		Application standing `json:"application"`
	}{out.Check, out.ExpiresAt, application})
}

// openSession opens a session on a passed check.
func (a *API) openSession(w http.ResponseWriter, r *http.Request, h issuance.Holder) error {
	var in struct {
		Check  string        `json:"check"`
		Mode   issuance.Mode `json:"mode"`
		Anchor string        `json:"anchor"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	out, err := a.service.OpenSession(r.Context(), h, in.Check, in.Mode, in.Anchor)
	if err != nil {
		return err
	}
	pass := ""
	if out.Pass != nil {
		pass = hex.EncodeToString(out.Pass[:])
	}
	return writeJSON(w, http.StatusCreated, struct {
		Session       string `json:"session"`
		Pass          string `json:"pass,omitempty"`
		Serial        string `json:"serial"`
		ServerTimeMs  int64  `json:"server_time_ms"`
		StartAt       int64  `json:"start_at"`
		PeriodSeconds int    `json:"period_seconds"`
		Length        int    `json:"length"`
		ExpiresAt     int64  `json:"expires_at"`
	}{out.Session, pass, out.Serial.String(), out.ServerTimeMs, out.StartAt, tokens.Period, tokens.Length, out.ExpiresAt})
}

// code gives the current code of a hosted session.
func (a *API) code(w http.ResponseWriter, r *http.Request) error {
	h, err := a.service.Authorize(r.Context(), bearerToken(r))
	if err != nil {
		return err
	}
	out, err := a.service.Code(r.Context(), h, r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Text          string `json:"text"`
		Step          int    `json:"step"`
		NextAt        int64  `json:"next_at"`
		SessionEndsAt int64  `json:"session_ends_at"`
		ServerTimeMs  int64  `json:"server_time_ms"`
	}{out.Text, out.Step, out.NextAt, out.SessionEndsAt, out.ServerTimeMs})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is not told
	return nil
}
