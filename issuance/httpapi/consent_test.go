package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
)

// Rule G34: a person without an account agrees to the privacy policy in force before
// anything personal is taken in, and sees later what they agreed to.
func TestG34_ApplicantsWithoutALoginAgreeToThePolicyInForce(t *testing.T) {
	w := newWorld(t, setup{})
	for name, policy := range map[string]any{"none": nil, "an empty one": "", "an older one": "2025-01", "another case": strings.ToUpper("2026-01x"), "too long": strings.Repeat("9", 1000)} {
		a := w.call("POST", "/v1/applications", "", with("policy", policy))
		refused(t, a, http.StatusConflict, account.ConsentRequired)
		if text := string(a.Body); !strings.Contains(text, "/v1/privacy-policy") || !strings.Contains(text, "请阅读并同意隐私政策") {
			t.Errorf("%s: the way to the policy is missing: %s", name, text)
		}
		back := viewing(number(3))
		if back["policy"] = policy; policy == nil {
			delete(back, "policy")
		}
		refused(t, w.call("POST", "/v1/viewings", "", back), http.StatusConflict, account.ConsentRequired)
	}
	// Consent comes before the form: without it no field is looked at.
	spoiled := with("document_type", "passport")
	delete(spoiled, "policy")
	refused(t, w.call("POST", "/v1/applications", "", spoiled), http.StatusConflict, account.ConsentRequired)

	policy := as[struct{ Version string }](t, w.call("GET", "/v1/privacy-policy", "", nil), http.StatusOK)
	h := w.applyAs(with("policy", policy.Version))
	at := w.clock.Now().Unix()
	type held struct {
		Consent *struct {
			Policy string
			At     int64
		}
	}
	got := as[held](t, w.call("GET", h.path("/data"), h.Token, nil), http.StatusOK)
	if got.Consent == nil || got.Consent.Policy != testPolicy || got.Consent.At != at {
		t.Errorf("consent %+v, want %s at %d", got.Consent, testPolicy, at)
	}

	// Coming back is a consent of its own.
	h.host(h.pass())
	w.clock.Move(time.Hour)
	back, _ := w.reenter(h.Number)
	got = as[held](t, w.call("GET", back.path("/data"), back.Token, nil), http.StatusOK)
	if got.Consent == nil || got.Consent.At != at+3600 {
		t.Errorf("consent after coming back: %+v", got.Consent)
	}
}

// The account of a login has agreed; the application keeps no consent of its own.
func TestG34_ALoginNeedNotAgreeAgain(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	f := form()
	delete(f, "policy")
	h := as[holder](t, m.call("POST", "/v1/applications", f), http.StatusCreated)
	if a := m.call("GET", "/v1/applications/"+h.Application+"/data", nil); a.Status != http.StatusOK || strings.Contains(string(a.Body), "consent") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	f["policy"] = "2025-01" // what is said must be true
	refused(t, m.call("POST", "/v1/applications", f), http.StatusConflict, account.ConsentRequired)
}
