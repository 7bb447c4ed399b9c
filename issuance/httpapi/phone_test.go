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
	"github.com/railgate/railgate/test/runtest"
)

// sendCode has a code sent to a mainland phone and returns it.
func (m *member) sendCode(phone string) string {
	m.w.t.Helper()
	if a := m.call("POST", "/v1/account/phone/codes", object{"phone": phone}); a.Status != http.StatusAccepted {
		m.w.t.Fatalf("a code was answered %d %s", a.Status, a.Body)
	}
	code, ok := m.w.phones.Code("+86" + phone)
	if !ok {
		m.w.t.Fatal("no code was sent")
	}
	m.w.marks = append(m.w.marks, code)
	return code
}

// verifyPhone makes a phone the member's.
func (m *member) verifyPhone(phone string) {
	m.w.t.Helper()
	body := object{"phone": phone, "code": m.sendCode(phone), "password": m.form["password"]}
	if a := m.call("POST", "/v1/account/phone/verifications", body); a.Status != http.StatusOK {
		m.w.t.Fatalf("the code was answered %d %s", a.Status, a.Body)
	}
}

// recovery begins one by the member's verified phone, and waits for the code.
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

// Rule T23 and a forgotten password: the new password ends every login, and what they
// show; the temporary ID stays and needs a face check again. The audit log says that the
// issuer did it, and names no person.
func TestAForgottenPasswordEndsWhatTheLoginsShow(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	phone := m.form["phone"].(string)
	m.verifyPhone(phone)
	h := m.apply()
	shown := h.host(h.pass())
	w.forgive()

	id, code := m.recovery(phone)
	refused(t, w.call("POST", "/v1/recoveries/password", "", object{"recovery": id, "code": "x", "new_password": "battery staple 绿色"}), http.StatusForbidden, account.RecoveryFailed)
	done := as[struct {
		LoginsEnded int               `json:"logins_ended"`
		Notice      map[string]string `json:"notice"`
	}](t, w.call("POST", "/v1/recoveries/password", "", object{"recovery": id, "code": code, "new_password": "battery staple 绿色"}), http.StatusOK)
	if done.LoginsEnded != 1 || !strings.Contains(done.Notice["en"], "face check") || !strings.Contains(done.Notice["zh"], "实人核验") {
		t.Fatalf("%+v", done)
	}
	refused(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	refused(t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusUnauthorized, account.LoginFailed)
	m.form["password"] = "battery staple 绿色"
	again := m.again()
	h = h.on(again)
	if a := w.call("GET", h.path(""), h.Token, nil); a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"approved"`) {
		t.Fatalf("the temporary ID: %d %s", a.Status, a.Body)
	}
	refused(t, w.call("GET", "/v1/sessions/"+shown.Session+"/code", again.Token, nil), http.StatusNotFound, credential.SessionNotFound)
	var open int
	if err := w.store.Database().Writer().QueryRow(`SELECT COUNT(*) FROM sessions WHERE closed_ms IS NULL`).Scan(&open); err != nil || open != 0 {
		t.Fatalf("%d sessions go on: %v", open, err)
	}
	h.host(h.pass())

	trail := w.call("GET", "/v1/trail?kind=account&object="+m.Account, w.staffOf["operator"], nil)
	if text := string(trail.Body); trail.Status != http.StatusOK || !strings.Contains(text, `"reset_password"`) || !strings.Contains(text, `"program"`) || strings.Contains(text, phone) {
		t.Fatalf("the audit log: %d %s", trail.Status, text)
	}
}

// The holder sees the data kept about the phone, and the bounds on codes.
func TestTheHolderSeesThePhonesMark(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	phone := m.form["phone"].(string)
	type held struct {
		Profile struct {
			Phone    string
			Verified int64 `json:"phone_verified_at"`
		}
		Codes struct{ Sent int } `json:"phone_codes"`
	}
	if d := as[held](t, m.call("GET", "/v1/account/data", nil), http.StatusOK); d.Profile.Verified != 0 || d.Codes.Sent != 0 {
		t.Fatalf("%+v", d)
	}
	m.verifyPhone(phone)
	if d := as[held](t, m.call("GET", "/v1/account/data", nil), http.StatusOK); d.Profile.Verified != w.clock.Now().Unix() || d.Codes.Sent != 1 || d.Profile.Phone != phone {
		t.Fatalf("%+v", d)
	}
	a := m.call("POST", "/v1/account/phone/codes", object{"phone": phone})
	refused(t, a, http.StatusTooManyRequests, throttle.TooManyCodes)
	if a.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	edit := object{"version": 2, "name": testName, "document_type": "resident_id", "document_number": m.form["document_number"], "phone": "13900000001"}
	if a := m.call("PUT", "/v1/account", edit); a.Status != http.StatusOK || strings.Contains(string(a.Body), "phone_verified_at") {
		t.Fatalf("after a change of the phone: %d %s", a.Status, a.Body)
	}
}

// With the sandbox, and only then, a client that plays the phone gets codes from the admin
// listener.
func TestTheSandboxTellsItsCodesToOperatorsOnly(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	code := m.sendCode("13800000001")
	ask := func(base, body string) (int, string) {
		t.Helper()
		resp, err := http.Post(base+"/sandbox/phone-code", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
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
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(bare.Admin(prometheus.NewRegistry()))
	defer other.Close()
	if status, _ := ask(other.URL, `{"phone":"+8613800000001"}`); status != http.StatusNotFound {
		t.Errorf("an issuer without the sandbox: %d", status)
	}
}
