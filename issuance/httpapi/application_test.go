package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// with returns the form with one field changed; nil removes the field.
func with(name string, value any) object {
	f := form()
	if f[name] = value; value == nil {
		delete(f, name)
	}
	return f
}

func TestInvalidApplicationsAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	for _, c := range []struct {
		why  string
		form object
		code problem.Code
	}{
		{"no name", with("name", nil), credential.NameInvalid},
		{"a name of spaces", with("name", "  "), credential.NameInvalid},
		{"61 characters", with("name", strings.Repeat("测", 61)), credential.NameInvalid},
		{"a line break", with("name", "a\nb"), credential.NameInvalid},
		{"no document type", with("document_type", nil), credential.DocumentTypeNotSupported},
		{"a passport", with("document_type", "passport"), credential.DocumentTypeNotSupported},
		{"no number", with("document_number", nil), credential.DocumentNumberInvalid},
		{"a wrong check digit", with("document_number", "110105199003074615"), credential.DocumentNumberInvalid},
		{"a birth date to come", with("document_number", "440301202602110013"), credential.DocumentNumberInvalid},
		{"no city", with("city", nil), credential.CityInvalid},
		{"no city of China", with("city", "Atlantis"), credential.CityInvalid},
		{"a city elsewhere", with("city", "上海"), credential.Relocate},
		{"a location elsewhere", with("location", object{"latitude": 31.23, "longitude": 121.47}), credential.Relocate},
		{"a location abroad", with("location", object{"latitude": 35.68, "longitude": 139.77}), credential.Relocate},
		{"a swapped location", with("location", object{"latitude": 116.4, "longitude": 39.9}), credential.LocationInvalid},
		{"a first-generation card", with("document_number", "110105900307461"), rules.FirstGenerationCard},
		{"markup", with("name", "<script>alert(1)</script>"), credential.NameInvalid},
		{"full-width markup", with("name", "测＜b＞"), credential.NameInvalid},
		{"a direction override", with("name", "测\u202e试"), credential.NameInvalid},
		{"a direction mark", with("name", "测\u200f试"), credential.NameInvalid},
		{"a symbol", with("name", "测\U0001f600试"), credential.NameInvalid},
		{"a pile of marks", with("name", "a"+strings.Repeat("\u0301", 9)), credential.NameInvalid},
		{"no letter", with("name", "123"), credential.NameInvalid},
		{"no location", with("location", nil), credential.LocationMissing},
		{"half a location", with("location", object{"latitude": 39.9}), credential.LocationMissing},
		{"a location off the earth", with("location", object{"latitude": 91, "longitude": 0}), credential.LocationInvalid},
	} {
		t.Run(c.why, func(t *testing.T) {
			wantProblem(t, w.call("POST", "/v1/applications", "", c.form), http.StatusUnprocessableEntity, c.code)
		})
	}
	a := w.call("POST", "/v1/applications", "", with("document_type", "passport"))
	p := as[struct {
		Text     map[string]string
		NextStep map[string]string `json:"next_step"`
	}](t, a, http.StatusUnprocessableEntity)
	if !strings.Contains(p.Text["en"], "Only the PRC resident ID card") || !strings.Contains(p.Text["zh"], "该证件无法申请临时乘车身份证明") || !strings.Contains(p.Text["zh"], "居民身份证") || p.NextStep["zh"] == "" {
		t.Fatalf("the problem of another document is %v, next step %v", p.Text, p.NextStep)
	}
}

// A check that fails or times out changes nothing; the next one can pass.
func TestFailedCheckChangesNothing(t *testing.T) {
	w := newSystem(t, setup{checkTimeout: 20 * time.Millisecond})
	h := w.apply()
	for evidence, want := range map[string]struct {
		status int
		code   problem.Code
	}{
		"sandbox:fail":    {http.StatusUnprocessableEntity, credential.CheckFailed},
		"sandbox:timeout": {http.StatusGatewayTimeout, credential.CheckTimeout},
		"something else":  {http.StatusUnprocessableEntity, credential.EvidenceInvalid},
		"":                {http.StatusUnprocessableEntity, credential.EvidenceInvalid},
	} {
		wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": evidence}), want.status, want.code)
		h.wantStatus("submitted")
	}
	h.passCheck()
	if h.Serial == "" || !strings.HasSuffix(h.Serial, "-0") {
		t.Fatalf("the first serial of the day is %q", h.Serial)
	}
}

func TestPassedCheckNamesItsProvider(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	a := w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"})
	runtest.Has(t, a.Header.Get("Real-Person-Check"), "NOT A REAL FACE CHECK")
	runtest.Has(t, w.logs.String(), "NOT A REAL FACE CHECK")
}

// A passed check is valid for one session within two minutes.
func TestCheckOpensOneSession(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	anchor := strings.Repeat("ab", 16)
	openWith := func(check string) answer {
		return w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "anchor", "anchor": anchor})
	}
	wantProblem(t, openWith("chk_"+strings.Repeat("0", 32)), http.StatusConflict, credential.NotApproved)
	check := h.passCheck()
	wantProblem(t, openWith("chk_"+strings.Repeat("0", 32)), http.StatusConflict, credential.CheckRequired)
	wantProblem(t, openWith("x"), http.StatusConflict, credential.CheckRequired)
	as[session](t, openWith(check), http.StatusCreated)
	wantProblem(t, openWith(check), http.StatusConflict, credential.CheckRequired)

	late := h.passCheck()
	w.clock.Move(2 * time.Minute)
	wantProblem(t, openWith(late), http.StatusConflict, credential.CheckRequired)

	other := w.apply()
	foreign := other.passCheck()
	wantProblem(t, openWith(foreign), http.StatusConflict, credential.CheckRequired)
	other.openHosted(foreign) // the refused attempt did not use it up
}

func TestInvalidSessionsAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	check := h.passCheck()
	for _, c := range []struct {
		body object
		code problem.Code
	}{
		{object{"check": check, "mode": "anchor"}, credential.AnchorInvalid},
		{object{"check": check, "mode": "anchor", "anchor": strings.Repeat("A", 32)}, credential.AnchorInvalid},
		{object{"check": check, "mode": "anchor", "anchor": strings.Repeat("a", 34)}, credential.AnchorInvalid},
		{object{"check": check, "mode": "hosted", "anchor": strings.Repeat("a", 32)}, credential.AnchorInvalid},
		{object{"check": check, "mode": "other"}, credential.ModeInvalid},
		{object{"check": check}, credential.ModeInvalid},
	} {
		wantProblem(t, w.call("POST", h.path("/sessions"), h.Token, c.body), http.StatusUnprocessableEntity, c.code)
	}
	s, _ := h.openAnchored(check) // the refused attempts did not use it up
	wantProblem(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusConflict, credential.SessionNotHosted)
	for _, id := range []string{"ses_" + strings.Repeat("0", 32), "x"} {
		wantProblem(t, w.call("GET", "/v1/sessions/"+id+"/code", h.Token, nil), http.StatusNotFound, credential.SessionNotFound)
	}
}

// A credential is valid for exactly 24 hours.
func TestCredentialIsValidFor24Hours(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
	w.clock.Move(24*time.Hour - time.Second)
	s, code := h.openAnchored(h.passCheck())
	shown := code(0)
	if r := w.gateVerdict(&shown, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("the gate's verdict in the last second: %s", r)
	}
	hosted := h.openHosted(h.passCheck())
	w.clock.Move(time.Second)
	if r := w.gateVerdict(&shown, tokens.Entry); r != tokens.ReasonCredentialExpired || w.clock.Now().Unix() != s.Expires {
		t.Fatalf("the gate's verdict after 24 hours: %s", r)
	}
	h.wantStatus("expired")
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.CredentialExpired)
	wantProblem(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": "x", "mode": "hosted"}), http.StatusConflict, credential.CredentialExpired)
	wantProblem(t, w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil), http.StatusConflict, credential.CredentialExpired)
	wantProblem(t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "staff"}), http.StatusConflict, credential.CredentialExpired)
}

// Rule G34: a person without an account agrees to the current privacy policy before personal
// data are accepted, and can read the consent later.
func TestG34_ConsentIsRequiredWithoutALogin(t *testing.T) {
	w := newSystem(t, setup{})
	for name, policy := range map[string]any{"none": nil, "an empty one": "", "an older one": "2025-01", "another case": strings.ToUpper("2026-01x"), "too long": strings.Repeat("9", 1000)} {
		a := w.call("POST", "/v1/applications", "", with("policy", policy))
		wantProblem(t, a, http.StatusConflict, account.ConsentRequired)
		if text := string(a.Body); !strings.Contains(text, "/v1/privacy-policy") || !strings.Contains(text, "请阅读并同意隐私政策") {
			t.Errorf("%s: the problem does not name the policy: %s", name, text)
		}
		back := recoveryForm(number(3))
		if back["policy"] = policy; policy == nil {
			delete(back, "policy")
		}
		wantProblem(t, w.call("POST", "/v1/viewings", "", back), http.StatusConflict, account.ConsentRequired)
	}
	// Consent is checked before the fields of the form.
	spoiled := with("document_type", "passport")
	delete(spoiled, "policy")
	wantProblem(t, w.call("POST", "/v1/applications", "", spoiled), http.StatusConflict, account.ConsentRequired)

	policy := as[struct{ Version string }](t, w.call("GET", "/v1/privacy-policy", "", nil), http.StatusOK)
	h := w.applyAs(with("policy", policy.Version))
	at := w.clock.Now().Unix()
	type data struct {
		Consent *struct {
			Policy string
			At     int64
		}
	}
	got := as[data](t, w.call("GET", h.path("/data"), h.Token, nil), http.StatusOK)
	if got.Consent == nil || got.Consent.Policy != testPolicy || got.Consent.At != at {
		t.Errorf("consent %+v, want %s at %d", got.Consent, testPolicy, at)
	}

	// A recovery of access has a consent of its own.
	h.openHosted(h.passCheck())
	w.clock.Move(time.Hour)
	back, _ := w.recoverAccess(h.Number)
	got = as[data](t, w.call("GET", back.path("/data"), back.Token, nil), http.StatusOK)
	if got.Consent == nil || got.Consent.At != at+3600 {
		t.Errorf("consent after the recovery: %+v", got.Consent)
	}
}

// A logged-in applicant agreed with the account; the application has no consent of its own.
func TestG34_LoggedInApplicantsNeedNoNewConsent(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	f := form()
	delete(f, "policy")
	h := as[holder](t, m.call("POST", "/v1/applications", f), http.StatusCreated)
	if a := m.call("GET", "/v1/applications/"+h.Application+"/data", nil); a.Status != http.StatusOK || strings.Contains(string(a.Body), "consent") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	f["policy"] = "2025-01" // an outdated version is refused
	wantProblem(t, m.call("POST", "/v1/applications", f), http.StatusConflict, account.ConsentRequired)
}
