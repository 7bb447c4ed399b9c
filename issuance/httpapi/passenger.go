package httpapi

import (
	"encoding/hex"
	"net/http"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/tokens"
)

// applicationStatus is the status of an application. Times are in Unix seconds.
type applicationStatus struct {
	Application string            `json:"application,omitempty"`
	Status      credential.Status `json:"status"`
	SubmittedAt int64             `json:"submitted_at,omitempty"`
	RefusedFor  problem.Code      `json:"refused_for,omitempty"`
	Serial      string            `json:"serial,omitempty"`
	ApprovedAt  int64             `json:"approved_at,omitempty"`
	ExpiresAt   int64             `json:"expires_at,omitempty"`
	RenewableAt int64             `json:"renewable_at,omitempty"`
}

func newApplicationStatus(s credential.ApplicationView) applicationStatus {
	out := applicationStatus{
		Application: s.Application, Status: s.Status, SubmittedAt: s.SubmittedAt, RefusedFor: s.RefusedFor,
		ApprovedAt: s.ApprovedAt, ExpiresAt: s.ExpiresAt, RenewableAt: s.RenewableAt,
	}
	if s.Serial != nil {
		out.Serial = s.Serial.String()
	}
	return out
}

// submitApplication submits an application.
func (a *API) submitApplication(r *request, _ anonymous, in struct {
	Name           string    `json:"name"`
	DocumentType   string    `json:"document_type"`
	DocumentNumber string    `json:"document_number"`
	City           string    `json:"city"`
	Location       *location `json:"location"`
	Policy         string    `json:"policy"`
}) (any, error) {
	form := credential.Form{Name: in.Name, DocumentType: in.DocumentType, DocumentNumber: in.DocumentNumber, City: in.City, Policy: in.Policy}
	if in.Location != nil {
		form.Location = in.Location.parse()
	}
	var by *account.Holder
	if len(r.Header.Values("Authorization")) > 0 { // an ended login is refused, not treated as anonymous
		h, err := a.login(r)
		if err == nil {
			err = consented(h)
		}
		if err != nil {
			return nil, err
		}
		by = &h
	}
	out, err := a.service.Submit(r.Context(), by, form)
	return struct {
		Application string            `json:"application"`
		Status      credential.Status `json:"status"`
		AccessToken string            `json:"access_token,omitempty"`
	}{out.Application, credential.StatusSubmitted, out.AccessToken}, err
}

// showApplication returns the status of the application.
func (a *API) showApplication(_ *request, h credential.Holder) (any, error) {
	return newApplicationStatus(a.service.View(h)), nil
}

// providerHeader names the provider in every response to a passed check.
const providerHeader = "Real-Person-Check"

// checked is a passed face check.
type checked struct {
	Check       string            `json:"check"`
	ExpiresAt   int64             `json:"expires_at"`
	Application applicationStatus `json:"application"`
}

func newChecked(c credential.Checked) checked {
	return checked{c.Check, c.ExpiresAt, newApplicationStatus(c.View)}
}

// checkFace performs the face check. 202 means that it passed and that the application is
// not decided yet.
func (a *API) checkFace(w http.ResponseWriter, r *request, h credential.Holder) error {
	var in struct {
		Evidence string `json:"evidence"`
	}
	if err := readJSON(w, r, &in, MaxBody); err != nil {
		return err
	}
	out, err := a.service.Check(r.Context(), h, in.Evidence, r.from)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if out.View.Status == credential.StatusChecked {
		status = http.StatusAccepted
	}
	r.response.Set(providerHeader, out.Provider)
	out.View.Application = ""
	return writeJSON(w, status, newChecked(out))
}

// resumeDecision decides an application whose face check passed earlier.
func (a *API) resumeDecision(r *request, h credential.Holder, _ empty) (any, error) {
	out, err := a.service.Resume(r.Context(), h)
	return newApplicationStatus(out), err
}

// recoverAccess returns a new access token to the owner of a credential who has no login.
func (a *API) recoverAccess(r *request, _ anonymous, in struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
	Evidence       string `json:"evidence"`
	Policy         string `json:"policy"`
}) (any, error) {
	out, err := a.service.RecoverAccess(r.Context(), credential.Return(in), r.from)
	if err != nil {
		return nil, err
	}
	r.response.Set(providerHeader, out.Checked.Provider)
	return struct {
		AccessToken string `json:"access_token"`
		checked
	}{out.AccessToken, newChecked(out.Checked)}, nil
}

// closeViewing ends the access token, or the sessions that this login shows of the
// application.
func (a *API) closeViewing(r *request, h credential.Holder, _ empty) (any, error) {
	return nil, a.service.CloseViewing(r.Context(), h)
}

// openSession opens a session with a passed face check.
func (a *API) openSession(r *request, h credential.Holder, in struct {
	Check  string          `json:"check"`
	Mode   credential.Mode `json:"mode"`
	Anchor string          `json:"anchor"`
}) (any, error) {
	out, err := a.service.OpenSession(r.Context(), h, in.Check, in.Mode, in.Anchor)
	pass := ""
	if out.Pass != nil {
		pass = hex.EncodeToString(out.Pass[:])
	}
	return struct {
		Session       string `json:"session"`
		Pass          string `json:"pass,omitempty"`
		Serial        string `json:"serial"`
		ServerTimeMs  int64  `json:"server_time_ms"`
		StartAt       int64  `json:"start_at"`
		PeriodSeconds int    `json:"period_seconds"`
		Length        int    `json:"length"`
		ExpiresAt     int64  `json:"expires_at"`
	}{out.Session, pass, out.Serial.String(), out.ServerTimeMs, out.StartAt, tokens.Period, tokens.Length, out.ExpiresAt}, err
}

// sessionCode returns the current code of a hosted session.
func (a *API) sessionCode(r *request, v credential.Visitor) (any, error) {
	out, err := a.service.Code(r.Context(), v, r.PathValue("id"))
	return struct {
		Text          string `json:"text"`
		Step          int    `json:"step"`
		NextAt        int64  `json:"next_at"`
		SessionEndsAt int64  `json:"session_ends_at"`
		ServerTimeMs  int64  `json:"server_time_ms"`
	}{out.Text, out.Step, out.NextAt, out.SessionEndsAt, out.ServerTimeMs}, err
}
