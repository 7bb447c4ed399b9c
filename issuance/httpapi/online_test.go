package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// Rule G39 over HTTP: phone, face and resident registry make the account verified. It uses
// up no application: three are left afterwards.
func TestG39_ThePersonIsVerifiedOnline(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	path := "/v1/account/verification"
	refused(t, m.call("POST", path, object{"evidence": "sandbox:pass"}), http.StatusConflict, account.PhoneUnverified)
	m.verifyPhone("13800000001")
	refused(t, m.call("POST", path, object{"evidence": "sandbox:fail"}), http.StatusUnprocessableEntity, credential.CheckFailed)
	a := m.call("POST", path, object{"evidence": "sandbox:pass"})
	if s := as[struct{ Status string }](t, a, http.StatusOK); s.Status != "verified" || !strings.Contains(a.Header.Get("Real-Person-Check"), "NOT A REAL FACE CHECK") {
		t.Fatalf("%+v by %q", s, a.Header.Get("Real-Person-Check"))
	}
	list := m.call("GET", "/v1/account/passengers", nil)
	if !strings.Contains(string(list.Body), `"status":"verified"`) {
		t.Fatalf("the list says %s", list.Body)
	}
	trail := w.call("GET", "/v1/trail?kind=account&object="+m.Account, w.staffOf["operator"], nil)
	if text := string(trail.Body); !strings.Contains(text, `"verify_online"`) || strings.Contains(text, testName) {
		t.Fatalf("the audit log: %s", text)
	}
	m.apply().pass()
}

// Failed checks count with those of applications: five lock the document for the network,
// whichever way they came.
func TestG39_FailedChecksLockTheDocument(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	m.verifyPhone("13800000001")
	h := m.apply()
	for i := range 5 {
		if i%2 == 0 {
			m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:fail"})
		} else {
			w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:fail"})
		}
	}
	refused(t, m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
}

// An identity that the resident registry does not confirm stays unverified, and the answer
// names customer service (rule G38). A silent registry changes nothing.
func TestG38_WhoIsNotConfirmedReadsHowToReachCustomerService(t *testing.T) {
	out := &outage{}
	w := newWorld(t, setup{residents: out})
	f := registration(700)
	f["name"] = provider.SandboxNotMatched
	m := w.joinAs(f)
	m.verifyPhone("13800000001")
	a := m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"})
	refused(t, a, http.StatusUnprocessableEntity, credential.IdentityNotConfirmed)
	shown := as[struct{ Text map[string]string }](t, w.call("GET", "/v1/contact", "", nil), http.StatusOK)
	told := as[struct{ Contact map[string]string }](t, a, http.StatusUnprocessableEntity)
	if shown.Text["zh"] == "" || told.Contact["zh"] != shown.Text["zh"] || told.Contact["en"] != shown.Text["en"] || !strings.Contains(shown.Text["zh"], "12306") {
		t.Fatalf("%+v, %+v", shown, told)
	}
	// A failed status names it too.
	if _, err := w.store.Database().Writer().Exec(`UPDATE holders SET status = 5 WHERE id = $1`, m.Account); err != nil {
		t.Fatal(err)
	}
	profile := as[struct {
		Status  string
		Contact map[string]string
	}](t, m.call("GET", "/v1/account", nil), http.StatusOK)
	if profile.Status != "failed" || profile.Contact["zh"] != shown.Text["zh"] {
		t.Fatalf("the profile: %+v", profile)
	}

	other := w.join()
	w.forgive()
	other.verifyPhone("13800000002")
	out.out.Store(true)
	refused(t, other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusServiceUnavailable, credential.IdentifyUnavailable)
	out.out.Store(false)
	if a := other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}); a.Status != http.StatusOK {
		t.Fatalf("afterwards: %d %s", a.Status, a.Body)
	}
}
