package api

import (
	_ "embed"
	"net/http"
	"strings"

	"github.com/railgate/railgate/issuance/account"
)

//go:embed privacy.md
var privacyMD string

// policyTexts are the two languages of privacy.md. A test holds its numbers to
// the constants that they speak of.
var policyTexts = func() bilingual {
	en, zh, ok := strings.Cut(privacyMD, "\n---\n")
	if !ok {
		panic("BUG: issuance/api: privacy.md has not two parts")
	}
	return bilingual{strings.TrimSpace(en), strings.TrimSpace(zh)}
}()

// privacyPolicy tells anybody what is kept, why and how long (rule B12). Without
// accounts there is nobody who agrees to a version, and none is told.
func (a *API) privacyPolicy(w http.ResponseWriter, _ *http.Request) error {
	version := ""
	if a.accounts != nil {
		version = a.accounts.Policy
	}
	return writeJSON(w, http.StatusOK, struct {
		Version string    `json:"version,omitempty"`
		Text    bilingual `json:"text"`
	}{version, policyTexts})
}

// consent takes the holder's agreement to the version in force.
func (a *API) consent(w http.ResponseWriter, r *http.Request, h account.Holder) error {
	var in struct {
		Policy string `json:"policy"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if err := a.accounts.Consent(r.Context(), h, in.Policy); err != nil {
		return err
	}
	return noContent(w)
}
