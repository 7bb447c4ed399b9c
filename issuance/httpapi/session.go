package httpapi

import (
	"encoding/hex"
	"net/http"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/tokens"
)

// openSession opens a session on a passed check.
func (a *API) openSession(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
	var in struct {
		Check  string          `json:"check"`
		Mode   credential.Mode `json:"mode"`
		Anchor string          `json:"anchor"`
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
	v, err := a.visitor(r)
	if err != nil {
		return err
	}
	out, err := a.service.Code(r.Context(), v, r.PathValue("id"))
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
