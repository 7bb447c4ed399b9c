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

// with is the form with one field changed; a nil value leaves it out.
func with(name string, value any) object {
	f := form()
	if f[name] = value; value == nil {
		delete(f, name)
	}
	return f
}

func TestApplicationsThatAreRefused(t *testing.T) {
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
			refused(t, w.call("POST", "/v1/applications", "", c.form), http.StatusUnprocessableEntity, c.code)
		})
	}
	a := w.call("POST", "/v1/applications", "", with("document_type", "passport"))
	p := as[struct {
		Text     map[string]string
		NextStep map[string]string `json:"next_step"`
	}](t, a, http.StatusUnprocessableEntity)
	if !strings.Contains(p.Text["en"], "Only the PRC resident ID card") || !strings.Contains(p.Text["zh"], "该证件无法申请临时乘车身份证明") || !strings.Contains(p.Text["zh"], "居民身份证") || p.NextStep["zh"] == "" {
		t.Fatalf("another document is told %v, next %v", p.Text, p.NextStep)
	}
}

// A check that fails, or is never decided, changes nothing; the next one may pass.
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
		refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": evidence}), want.status, want.code)
		h.hasStatus("submitted")
	}
	h.pass()
	if h.Serial == "" || !strings.HasSuffix(h.Serial, "-0") {
		t.Fatalf("the first serial of the day is %q", h.Serial)
	}
}

func TestEveryAnswerToAPassedCheckSaysWhoChecked(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	a := w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"})
	runtest.Has(t, a.Header.Get("Real-Person-Check"), "NOT A REAL FACE CHECK")
	runtest.Has(t, w.logs.String(), "NOT A REAL FACE CHECK")
}

// A passed check is good for one session within two minutes.
func TestCheckIsUsedUp(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	anchor := strings.Repeat("ab", 16)
	openWith := func(check string) answer {
		return w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "anchor", "anchor": anchor})
	}
	refused(t, openWith("chk_"+strings.Repeat("0", 32)), http.StatusConflict, credential.NotApproved)
	check := h.pass()
	refused(t, openWith("chk_"+strings.Repeat("0", 32)), http.StatusConflict, credential.CheckRequired)
	refused(t, openWith("x"), http.StatusConflict, credential.CheckRequired)
	as[session](t, openWith(check), http.StatusCreated)
	refused(t, openWith(check), http.StatusConflict, credential.CheckRequired)

	late := h.pass()
	w.clock.Move(2 * time.Minute)
	refused(t, openWith(late), http.StatusConflict, credential.CheckRequired)

	other := w.apply()
	foreign := other.pass()
	refused(t, openWith(foreign), http.StatusConflict, credential.CheckRequired)
	other.host(foreign) // the attempt has not used it up
}

func TestSessionsThatAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	check := h.pass()
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
		refused(t, w.call("POST", h.path("/sessions"), h.Token, c.body), http.StatusUnprocessableEntity, c.code)
	}
	s, _ := h.open(check) // none of them has used it up
	refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusConflict, credential.SessionNotHosted)
	for _, id := range []string{"ses_" + strings.Repeat("0", 32), "x"} {
		refused(t, w.call("GET", "/v1/sessions/"+id+"/code", h.Token, nil), http.StatusNotFound, credential.SessionNotFound)
	}
}

// The credential lasts exactly 24 hours: to the last second, and not a second more.
func TestCredentialLastsADay(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.pass()
	w.clock.Move(24*time.Hour - time.Second)
	s, code := h.open(h.pass())
	shown := code(0)
	if r := w.gate(&shown, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("in the last second: %s", r)
	}
	hosted := h.host(h.pass())
	w.clock.Move(time.Second)
	if r := w.gate(&shown, tokens.Entry); r != tokens.ReasonCredentialExpired || w.clock.Now().Unix() != s.Expires {
		t.Fatalf("at the end: %s", r)
	}
	h.hasStatus("expired")
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.CredentialExpired)
	refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": "x", "mode": "hosted"}), http.StatusConflict, credential.CredentialExpired)
	refused(t, w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil), http.StatusConflict, credential.CredentialExpired)
	refused(t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "staff"}), http.StatusConflict, credential.CredentialExpired)
}

// Rule G34: a person without an account agrees to the privacy policy in force before
// anything personal is taken in, and sees later what they agreed to.
func TestG34_ApplicantsWithoutALoginAgreeToThePolicyInForce(t *testing.T) {
	w := newSystem(t, setup{})
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
	w := newSystem(t, setup{})
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
