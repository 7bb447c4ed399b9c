package httpapi

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
		panic("BUG: issuance/httpapi: privacy.md has not two parts")
	}
	return bilingual{strings.TrimSpace(en), strings.TrimSpace(zh)}
}()

// privacyPolicy tells every caller what is kept, why and how long, and the version to
// agree to (rules B12 and G34).
func (a *API) privacyPolicy(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, struct {
		Version string    `json:"version"`
		Text    bilingual `json:"text"`
	}{a.service.Policy, policyTexts})
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
