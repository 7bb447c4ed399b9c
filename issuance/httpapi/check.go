package httpapi

import (
	"net/http"

	"github.com/railgate/railgate/issuance/credential"
)

// providerHeader says on every answer to a passed check who checked.
const providerHeader = "Real-Person-Check"

// checked is a passed check.
type checked struct {
	Check       string   `json:"check"`
	ExpiresAt   int64    `json:"expires_at"`
	Application standing `json:"application"`
}

func newChecked(c credential.Checked) checked {
	out := checked{c.Check, c.ExpiresAt, newStanding(c.Standing)}
	out.Application.Application = ""
	return out
}

// check has the real-person check done. 202 says that the person passed and the
// application is not decided yet.
func (a *API) check(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
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
	out, err := a.service.Check(r.Context(), h, in.Evidence, from)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if out.Standing.Status == credential.StatusChecked {
		status = http.StatusAccepted
	}
	w.Header().Set(providerHeader, out.Provider)
	return writeJSON(w, status, newChecked(out))
}

// decide goes on with an application that was checked and not decided.
func (a *API) decide(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	out, err := a.service.Decide(r.Context(), h)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newStanding(out))
}

// reenter lets somebody who is not logged in come back to their credential.
func (a *API) reenter(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name           string `json:"name"`
		DocumentType   string `json:"document_type"`
		DocumentNumber string `json:"document_number"`
		Evidence       string `json:"evidence"`
		Policy         string `json:"policy"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	from, err := a.caller(r)
	if err != nil {
		return err
	}
	out, err := a.service.Reenter(r.Context(), credential.Return(in), from)
	if err != nil {
		return err
	}
	w.Header().Set(providerHeader, out.Checked.Provider)
	return writeJSON(w, http.StatusCreated, struct {
		AccessToken string `json:"access_token"`
		checked
	}{out.AccessToken, checked{out.Checked.Check, out.Checked.ExpiresAt, newStanding(out.Checked.Standing)}})
}

// leave ends the page, or what this login shows of the application.
func (a *API) leave(w http.ResponseWriter, r *http.Request, h credential.Holder) error {
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	if err := a.service.Leave(r.Context(), h); err != nil {
		return err
	}
	return noContent(w)
}
