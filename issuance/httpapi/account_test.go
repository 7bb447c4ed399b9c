package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A passenger registers, logs in, edits the profile and reads it again.
func TestMemberRegistersAndEditsTheProfile(t *testing.T) {
	w := newSystem(t, setup{})
	f := registration(600)
	f["name"], f["document_type"], f["document_number"], f["nationality"] = strings.Repeat("Ab ", 16), "passport", "X1234567", "FRA"
	m := w.joinAs(f)
	p := m.profile()
	if p.Account != m.Account || p.LoginName != "passenger_600" || p.Version != 1 || !p.NameCut || strings.Count(p.Name, "b") != 15 || p.ConsentDue {
		t.Fatalf("profile %+v", p)
	}
	edit := object{"version": p.Version, "name": "A·b", "document_type": "passport", "document_number": "X1234567", "nationality": "FRA", "email": "New@Example.org"}
	p = as[profile](t, m.call("PUT", "/v1/account", edit), http.StatusOK)
	if p.Version != 2 || p.Name != "A·b" || p.NameCut || p.Phone != "" || p.Email != "new@example.org" {
		t.Fatalf("edited to %+v", p)
	}
	if again := m.profile(); again != p {
		t.Fatalf("the profile read again is %+v", again)
	}
	// The full stop and the middle dot make two different names (rule B8).
	edit["version"], edit["name"] = 2, "A.b"
	if p = as[profile](t, m.call("PUT", "/v1/account", edit), http.StatusOK); p.Version != 3 || p.Name != "A.b" {
		t.Fatalf("edited to %+v", p)
	}
}

// Of two concurrent edits of a profile, the second one is refused.
func TestConcurrentEditIsRefused(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	edit := object{"version": 1, "name": testName, "document_type": "resident_id", "document_number": m.form["document_number"], "phone": "13900000001"}
	as[profile](t, m.call("PUT", "/v1/account", edit), http.StatusOK)
	edit["phone"] = "13900000002"
	wantProblem(t, m.logInAgain().call("PUT", "/v1/account", edit), http.StatusConflict, account.ProfileConflict)
	delete(edit, "version")
	wantProblem(t, m.call("PUT", "/v1/account", edit), http.StatusConflict, account.ProfileConflict)
	if p := m.profile(); p.Phone != "13900000001" || p.Version != 2 {
		t.Fatalf("profile %+v", p)
	}
}

func TestInvalidRegistrationsAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"login_name", "1abcdef", "login_name_invalid"}, {"login_name", "13800000001", "login_name_invalid"}, {"login_name", "ab_cd", "login_name_invalid"},
		{"password", "short", "password_invalid"}, {"password", "password1", "password_too_common"}, {"password", number(601), "password_too_common"},
		{"name", "  ", "identity_name_invalid"}, {"name", "123", "identity_name_invalid"},
		{"document_type", "seaman_book", "identity_document_invalid"}, {"document_type", "passport", "identity_number_invalid"},
		{"document_number", "110105900307461", "first_generation_card"}, {"nationality", "CHN", "identity_nationality_invalid"},
		{"phone", "12800000001", "phone_invalid"}, {"phone", "+86+13800000001", "phone_invalid"}, {"email", "a@b", "email_invalid"},
	} {
		a := w.call("POST", "/v1/accounts", "", and(registration(601), object{c.field: c.value}))
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(string(a.Body), `"`+c.want+`"`) {
			t.Errorf("%s %v: %d %s, want %s", c.field, c.value, a.Status, a.Body, c.want)
		}
	}
	f := registration(601)
	delete(f, "phone")
	delete(f, "email")
	wantProblem(t, w.call("POST", "/v1/accounts", "", f), http.StatusUnprocessableEntity, account.ContactMissing)
	w.joinAs(registration(601))
	wantProblem(t, w.call("POST", "/v1/accounts", "", and(registration(602), object{"login_name": "PASSENGER_601"})), http.StatusConflict, account.LoginTaken)
}

// A password change ends all other logins; the login that made it stays.
func TestPasswordChangeEndsOtherLogins(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	other := m.logInAgain()
	change := object{"password": "wrong and long", "new_password": "battery staple 绿色"}
	wantProblem(t, m.call("PUT", "/v1/account/password", change), http.StatusForbidden, account.PasswordWrong)
	change["password"] = testPassword
	wantStatusCode(t, m.call("PUT", "/v1/account/password", change), http.StatusNoContent)
	m.profile()
	wantProblem(t, other.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusUnauthorized, account.LoginFailed)
	m.form["password"] = change["new_password"]
	m.logInAgain()
}

// An unknown login name and a wrong password get the same response, and so do the lockouts
// after guessing.
func TestGuessingRevealsNoLoginName(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	guess := func(name string) answer {
		return w.call("POST", "/v1/logins", "", object{"login_name": name, "password": "wrong and long"})
	}
	for i := range 6 {
		known, unknown := guess(m.LoginName), guess("nobody_here")
		if known.Status != unknown.Status || string(known.Body) != string(unknown.Body) {
			t.Fatalf("guess %d: %s for a known name, %s for an unknown one", i, known.Body, unknown.Body)
		}
		if want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusTooManyRequests}[i < 5]; known.Status != want {
			t.Fatalf("guess %d was answered %d, want %d", i, known.Status, want)
		}
	}
	locked := w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword})
	wantProblem(t, locked, http.StatusTooManyRequests, throttle.TooManyFailures)
	m.profile() // existing logins remain valid
}

// An application is accessible only to the login that submitted it.
func TestForeignLoginIsAnsweredLikeNoLogin(t *testing.T) {
	w := newSystem(t, setup{})
	m, stranger := w.join(), w.join()
	h := m.apply()
	s := h.openHosted(h.passCheck())
	alone := w.apply()
	for _, path := range []string{h.path(""), h.path("/data"), alone.path("")} {
		wantProblem(t, stranger.call("GET", path, nil), http.StatusUnauthorized, "unauthorized")
	}
	wantProblem(t, h.onLogin(stranger).fetchCode(s), http.StatusNotFound, "session_not_found")
	wantProblem(t, w.call("POST", "/v1/applications", "rgl_"+strings.Repeat("0", 64), form()), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, w.call("POST", "/v1/applications", alone.Token, form()), http.StatusUnauthorized, account.LoginRequired)
	for _, shown := range [][]string{{"bearer " + m.Token}, {"Basic " + m.Token}, {"Bearer " + m.Token, "Bearer " + m.Token}, {""}} {
		r := w.request("POST", "/v1/applications", "", form())
		r.Header["Authorization"] = shown
		wantProblem(t, w.send(r), http.StatusUnauthorized, account.LoginRequired) // not treated as anonymous
	}
	for _, token := range []string{alone.Token, w.staff, ""} {
		wantProblem(t, w.call("GET", "/v1/account", token, nil), http.StatusUnauthorized, account.LoginRequired)
	}
}

// sendCode sends a code to a mainland phone and returns it.
func (m *member) sendCode(phone string) string {
	m.w.t.Helper()
	wantStatusCode(m.w.t, m.call("POST", "/v1/account/phone/codes", object{"phone": phone}), http.StatusAccepted)
	code, ok := m.w.phones.Code("+86" + phone)
	if !ok {
		m.w.t.Fatal("no code was sent")
	}
	m.w.marks = append(m.w.marks, code)
	return code
}

// verifyPhone verifies the member's phone.
func (m *member) verifyPhone(phone string) {
	m.w.t.Helper()
	body := object{"phone": phone, "code": m.sendCode(phone), "password": m.form["password"]}
	wantStatusCode(m.w.t, m.call("POST", "/v1/account/phone/verifications", body), http.StatusOK)
}

// recovery begins a recovery with the member's verified phone, and waits for the code.
func (m *member) recovery(phone string) (id, code string) {
	m.w.t.Helper()
	before, _ := m.w.phones.Code("+86" + phone)
	begun := as[struct{ Recovery string }](m.w.t, m.w.call("POST", "/v1/recoveries", "", object{"login_name": m.LoginName, "phone": phone}), http.StatusAccepted)
	runtest.Eventually(m.w.t, 20*time.Second, "the code to be sent", func() bool {
		code, _ = m.w.phones.Code("+86" + phone)
		return code != before
	})
	return begun.Recovery, code
}

// Rule T23: a new password after a recovery ends every login and its sessions. The temporary
// ID stays valid and needs a new face check. The audit entry names the issuer and no person.
func TestRecoveryEndsLoginsAndSessions(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	phone := m.form["phone"].(string)
	m.verifyPhone(phone)
	h := m.apply()
	shown := h.openHosted(h.passCheck())
	w.clearLockouts()

	id, code := m.recovery(phone)
	wantProblem(t, w.call("POST", "/v1/recoveries/password", "", object{"recovery": id, "code": "x", "new_password": "battery staple 绿色"}), http.StatusForbidden, account.RecoveryFailed)
	done := as[struct {
		LoginsEnded int               `json:"logins_ended"`
		Notice      map[string]string `json:"notice"`
	}](t, w.call("POST", "/v1/recoveries/password", "", object{"recovery": id, "code": code, "new_password": "battery staple 绿色"}), http.StatusOK)
	if done.LoginsEnded != 1 || !strings.Contains(done.Notice["en"], "face check") || !strings.Contains(done.Notice["zh"], "实人核验") {
		t.Fatalf("the recovery was answered %+v", done)
	}
	wantProblem(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusUnauthorized, account.LoginFailed)
	m.form["password"] = "battery staple 绿色"
	again := m.logInAgain()
	h = h.onLogin(again)
	if a := w.call("GET", h.path(""), h.Token, nil); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"approved"`) {
		t.Fatalf("the temporary ID after the recovery: %d %s", a.Status, a.Body)
	}
	wantProblem(t, w.call("GET", "/v1/sessions/"+shown.Session+"/code", again.Token, nil), http.StatusNotFound, credential.SessionNotFound)
	var open int
	if err := w.outbox.Database().Writer().QueryRow(`SELECT COUNT(*) FROM sessions WHERE closed_ms IS NULL`).Scan(&open); err != nil || open != 0 {
		t.Fatalf("%d sessions are still open: %v", open, err)
	}
	h.openHosted(h.passCheck())

	auditLog := w.call("GET", "/v1/audit-log?kind=account&object="+m.Account, w.staffOf["operator"], nil)
	if text := string(auditLog.Body); auditLog.Status != http.StatusOK || !strings.Contains(text, `"reset_password"`) || !strings.Contains(text, `"program"`) || strings.Contains(text, phone) {
		t.Fatalf("the audit log: %d %s", auditLog.Status, text)
	}
}

// The holder's data show the phone's verification and the codes counted towards limits.
func TestPersonalDataShowPhoneVerification(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	phone := m.form["phone"].(string)
	type data struct {
		Profile struct {
			Phone    string
			Verified int64 `json:"phone_verified_at"`
		}
		Codes struct{ Sent int } `json:"phone_codes"`
	}
	if d := as[data](t, m.call("GET", "/v1/account/data", nil), http.StatusOK); d.Profile.Verified != 0 || d.Codes.Sent != 0 {
		t.Fatalf("%+v", d)
	}
	m.verifyPhone(phone)
	if d := as[data](t, m.call("GET", "/v1/account/data", nil), http.StatusOK); d.Profile.Verified != w.clock.Now().Unix() || d.Codes.Sent != 1 || d.Profile.Phone != phone {
		t.Fatalf("%+v", d)
	}
	a := m.call("POST", "/v1/account/phone/codes", object{"phone": phone})
	wantProblem(t, a, http.StatusTooManyRequests, throttle.TooManyCodes)
	if a.Header.Get("Retry-After") == "" {
		t.Error("the response has no Retry-After")
	}
	edit := object{"version": 2, "name": testName, "document_type": "resident_id", "document_number": m.form["document_number"], "phone": "13900000001"}
	if a := m.call("PUT", "/v1/account", edit); a.Status != http.StatusOK || strings.Contains(string(a.Body), "phone_verified_at") {
		t.Fatalf("after a change of the phone: %d %s", a.Status, a.Body)
	}
}

// With the sandbox, and only then, the admin listener returns phone codes.
func TestSandboxCodesAreOnTheAdminListenerOnly(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	code := m.sendCode("13800000001")
	ask := func(base, body string) (int, string) {
		t.Helper()
		resp, err := http.Post(base+"/sandbox/phone-code", "application/json", strings.NewReader(body))
		runtest.Must(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		runtest.Must(t, err)
		return resp.StatusCode, string(text)
	}
	if status, text := ask(w.admin.URL, `{"phone":"+8613800000001"}`); status != http.StatusOK || text != `{"code":"`+code+`"}` {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := ask(w.admin.URL, `{"phone":"+8613800000002"}`); status != http.StatusNotFound {
		t.Errorf("a phone without a code: %d", status)
	}
	if status, _ := ask(w.server.URL, `{"phone":"+8613800000001"}`); status != http.StatusNotFound {
		t.Errorf("the public listener: %d", status)
	}
	bare, err := httpapi.New(w.service, httpapi.Config{})
	runtest.Must(t, err)
	other := httptest.NewServer(bare.Admin(prometheus.NewRegistry()))
	defer other.Close()
	if status, _ := ask(other.URL, `{"phone":"+8613800000001"}`); status != http.StatusNotFound {
		t.Errorf("an issuer without the sandbox: %d", status)
	}
}
