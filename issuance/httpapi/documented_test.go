package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/tokens"
)

// outage is the sandbox's resident registry, with a switch for an outage.
type outage struct {
	provider.SandboxResidentRegistry
	out atomic.Bool
}

func (o *outage) Lookup(ctx context.Context, p provider.Person) (provider.Match, error) {
	if o.out.Load() {
		return provider.Unknown, errors.New("out of order")
	}
	return o.SandboxResidentRegistry.Lookup(ctx, p)
}

// Every operation responds as documented, with and without faults. The other tests of this
// package check their responses against the document too.
func TestEveryOperationIsAsDocumented(t *testing.T) {
	out := &outage{}
	w := newSystem(t, setup{checkTimeout: 300 * time.Millisecond, residents: out})
	zeros := strings.Repeat("0", 32)
	w.call("GET", "/healthz", "", nil)
	w.call("GET", "/readyz", "", nil)
	w.publish()
	w.call("GET", "/readyz", "", nil)
	w.call("POST", "/v1/applications", "", "x")
	w.call("POST", "/v1/location", "", "x")
	w.call("POST", "/v1/location", "", object{"latitude": 39.9, "longitude": 116.4})
	w.call("POST", "/v1/location", "", object{"latitude": 0, "longitude": 0})
	w.call("POST", "/v1/applications", "", `"`+strings.Repeat("x", httpapi.MaxBody)+`"`)
	w.callSlowly("POST", "/v1/applications", "")
	w.call("POST", "/v1/applications", "", with("document_type", "passport"))
	w.call("POST", "/v1/applications", "rgl_"+zeros, form())
	plain := w.request("POST", "/v1/applications", "", "{}")
	plain.Header.Set("Content-Type", "text/plain")
	w.send(plain)
	h := w.apply()
	w.call("GET", h.path(""), "", nil)
	w.call("GET", h.path(""), h.Token, nil)
	w.call("POST", h.path("/checks"), "", object{"evidence": "sandbox:pass"})
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:fail"})
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:timeout"})
	w.call("POST", h.path("/checks"), h.Token, object{})
	w.call("POST", h.path("/checks"), h.Token, "{")
	w.call("POST", h.path("/sessions"), h.Token, object{"check": "chk_" + zeros, "mode": "hosted"})
	check := h.passCheck()
	w.call("POST", h.path("/sessions"), "", object{"check": check, "mode": "hosted"})
	w.call("POST", h.path("/sessions"), h.Token, "{")
	w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "neither"})
	anchored, _ := h.openAnchored(check)
	hosted := h.openHosted(h.passCheck())
	for range tokens.Ahead { // for the last one every second is taken
		w.call("POST", h.path("/sessions"), h.Token, object{"check": h.passCheck(), "mode": "hosted"})
	}
	w.call("GET", h.path(""), h.Token, nil)
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", "", nil)
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil)
	w.call("GET", "/v1/sessions/ses_"+zeros+"/code", h.Token, nil)
	w.call("GET", "/v1/sessions/"+anchored.Session+"/code", h.Token, nil)
	for _, action := range []string{"revoke", "unrevoke"} {
		body := object{"reason": "fraud"}
		if action == "unrevoke" {
			body = object{}
		}
		path := "/v1/credentials/" + h.Serial + "/" + action
		w.call("POST", path, w.staff, body)
		w.call("POST", path, "", body)
		w.call("POST", path, w.staff, "[]")
		w.call("POST", "/v1/credentials/1-1/"+action, w.staff, body)
	}
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "whim"})
	w.clock.Move(30*time.Minute + time.Second) // the hosted session began one second after the anchored one
	w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil)
	callAsTraveller(w, out)
	callAsMember(w)
	callAsStaff(w, h)
	callIdentificationOperations(w)
	callExceptionOperations(w)
	callRegistryOperations(w)
	w.clock.Move(24 * time.Hour)
	w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"})
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "fraud"})
	w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staff, object{})

	callDotSegments(t, w)
	exceedRates(t, w)

	// Every documented response has occurred, except faults, full slots and limits that are
	// the same for all operations.
	var missing []string
	for _, d := range apiContract(t).operations() {
		for status := range d.Responses.Map() {
			if (status == "408" || status == "413" || status == "415") && d.OperationID != "apply" || status == "431" || status == "500" || status == "503" && d.OperationID != "getReadiness" {
				continue
			}
			if id := d.OperationID + " " + status; !w.seen[id] {
				missing = append(missing, id)
			}
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		t.Errorf("documented responses that did not occur: %q", missing)
	}
}

// callDotSegments sends an encoded ".." as the id of every path.
func callDotSegments(t *testing.T, w *system) {
	for _, d := range apiContract(t).operations() {
		if before, after, found := strings.Cut(d.path, "{"); found {
			_, after, _ = strings.Cut(after, "}")
			wantProblem(t, w.call(d.method, before+"%2e%2e"+after, "", nil), http.StatusNotFound, httpapi.NotFound)
		}
	}
}

// callAsTraveller calls the operations of callers without a login.
func callAsTraveller(w *system, registry *outage) {
	h := w.apply()
	registry.out.Store(true)
	a := w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"})
	as[object](w.t, a, http.StatusAccepted)
	registry.out.Store(false)
	for _, rest := range []string{"/decision", "/leave"} {
		w.call("POST", h.path(rest), "", object{})
		w.call("POST", h.path(rest), h.Token, "[]")
	}
	w.call("GET", h.path("/data"), "", nil)
	w.call("GET", h.path("/data"), h.Token, nil)
	w.call("POST", h.path("/decision"), h.Token, object{})
	w.call("POST", w.apply().path("/decision"), h.Token, object{})
	early := w.apply()
	w.call("POST", early.path("/decision"), early.Token, object{})
	unconfirmed := w.applyAs(and(form(), object{"name": provider.SandboxNotMatched, "document_number": number(900)}))
	registry.out.Store(true)
	w.call("POST", unconfirmed.path("/checks"), unconfirmed.Token, object{"evidence": "sandbox:pass"})
	registry.out.Store(false)
	w.call("POST", unconfirmed.path("/decision"), unconfirmed.Token, object{})

	back := and(recoveryForm(h.Number), object{"evidence": "sandbox:timeout"})
	for _, body := range []any{"[]", object{}, object{"policy": testPolicy}, back, recoveryForm(number(901))} {
		w.call("POST", "/v1/viewings", "", body)
	}
	entered, _ := w.recoverAccess(h.Number)
	w.call("POST", h.path("/leave"), entered.Token, object{})
	w.call("GET", "/v1/privacy-policy", "", nil)
	w.call("GET", "/v1/contact", "", nil)
}

// callAsMember calls the operations of callers with an account.
func callAsMember(w *system) {
	m := w.join()
	w.call("POST", "/v1/accounts", "", m.form)
	w.call("POST", "/v1/accounts", "", "[]")
	w.call("POST", "/v1/accounts", "", object{})
	w.call("POST", "/v1/logins", "", "[]")
	w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": "wrong and long"})
	m.apply()
	for _, path := range []string{"/v1/account", "/v1/account/applications", "/v1/account/data"} {
		w.call("GET", path, "", nil)
		m.call("GET", path, nil)
	}
	edit := object{"version": 1, "name": testName, "document_type": "resident_id", "document_number": m.form["document_number"], "phone": "13800000002"}
	changes := []struct {
		method, path string
		good, bad    object
	}{
		{"PUT", "/v1/account", edit, edit},
		{"PUT", "/v1/account/password", object{"password": testPassword, "new_password": "battery staple 绿色"}, object{"password": "wrong and long", "new_password": "x"}},
		{"POST", "/v1/account/consent", object{"policy": testPolicy}, object{"policy": "another"}},
		{"POST", "/v1/account/close", object{"password": "battery staple 绿色"}, object{"password": "wrong and long"}},
	}
	m.call("PUT", "/v1/account", object{"version": 1})
	m.call("PUT", "/v1/account/password", object{"password": testPassword, "new_password": "x"})
	for _, c := range changes {
		w.call(c.method, c.path, "", c.good)
		m.call(c.method, c.path, "[]")
		if c.path == "/v1/account/close" {
			m.call(c.method, c.path, c.bad)
		}
		m.call(c.method, c.path, c.good)
		m.call(c.method, c.path, c.bad)
	}
	callPhoneOperations(w)
	callOnlineVerification(w)
	other := w.join()
	for _, path := range []string{"/v1/logins/current", "/v1/logins"} {
		other.logInAgain().call("DELETE", path, nil)
		w.call("DELETE", path, "", nil)
	}
	late := w.join()
	w.accounts.Policy = "2026-02"
	late.call("POST", "/v1/applications", form())
	late.call("POST", "/v1/account/phone/codes", object{"phone": "13800000001"})
	late.call("POST", "/v1/account/phone/verifications", object{"phone": "13800000001", "code": "123456", "password": testPassword})
	w.accounts.Policy = testPolicy
}

// callOnlineVerification calls the online verification.
func callOnlineVerification(w *system) {
	m := w.join()
	for _, body := range []any{"[]", object{"evidence": "sandbox:pass"}} {
		m.call("POST", "/v1/account/verification", body)
		w.call("POST", "/v1/account/verification", "", body)
	}
	w.clearLockouts()
	m.verifyPhone("13800000001")
	for _, evidence := range []string{"sandbox:fail", "sandbox:timeout", "x", "sandbox:pass", "sandbox:pass"} {
		m.call("POST", "/v1/account/verification", object{"evidence": evidence})
	}
}

// callPhoneOperations calls phone verification and account recovery.
func callPhoneOperations(w *system) {
	m := w.join()
	code := m.sendCode("13800000001")
	requests := []struct {
		path   string
		bodies []any
	}{
		{"/v1/account/phone/verifications", []any{"[]", object{"phone": "1", "code": code, "password": testPassword},
			object{"phone": "13800000001", "code": code, "password": "wrong and long"}, object{"phone": "13800000001", "code": code, "password": testPassword},
			object{"phone": "13800000001", "code": code, "password": testPassword}}},
		{"/v1/account/phone/codes", []any{"[]", object{"phone": "13800000001"}, object{"phone": "1"}, object{"phone": provider.SandboxFaultNumber}}},
		{"/v1/recoveries", []any{"[]", object{"login_name": m.LoginName, "phone": "1"}}},
		{"/v1/recoveries/password", []any{"[]", object{"recovery": "pcd_" + strings.Repeat("0", 32), "code": "123456", "new_password": "battery staple 绿色"},
			object{"recovery": "pcd_" + strings.Repeat("0", 32), "code": "123456", "new_password": "x"}}},
	}
	for _, r := range requests {
		for _, body := range r.bodies {
			m.call("POST", r.path, body)
			w.call("POST", r.path, "", body)
		}
	}
	w.clearLockouts()
	recovery, code := m.recovery("13800000001")
	w.call("POST", "/v1/recoveries/password", "", object{"recovery": recovery, "code": code, "new_password": testPassword})
	w.call("POST", "/v1/recoveries", "", object{"login_name": m.LoginName, "phone": "13800000001"})
	for range 5 {
		w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": "wrong and long"})
	}
	other := w.join()
	for range 6 { // locks the account out
		other.call("POST", "/v1/account/phone/verifications", object{"phone": "13800000001", "code": "123456", "password": "wrong and long"})
	}
}

// callAsStaff calls the operations of staff.
func callAsStaff(w *system, h *holder) {
	agency, operator := w.staffOf[staff.Agency], w.staffOf[staff.Operator]
	path := "/v1/credentials/" + h.Serial
	for _, token := range []string{w.staff, agency, ""} {
		w.call("GET", path, token, nil)
	}
	w.call("GET", "/v1/credentials/1-1", w.staff, nil)
	w.call("GET", "/v1/staff/me", agency, nil)
	w.call("GET", "/v1/staff/me", "", nil)
	w.call("POST", path+"/revoke", agency, object{"reason": "fraud"})
	w.call("POST", path+"/unrevoke", agency, object{})
	for _, token := range []string{operator, agency, ""} {
		w.call("GET", "/v1/audit-log", token, nil)
	}
	w.call("GET", "/v1/audit-log?limit=0", operator, nil)
	for _, path := range []string{"/v1/audit-log/chain", "/v1/keys", "/v1/streams"} {
		for _, token := range []string{operator, agency, ""} {
			w.call("GET", path, token, nil)
		}
	}
	w.call("GET", "/v1/audit-log/chain?limit=0", operator, nil)
	proof := object{"document_type": "resident_id", "document_number": testNumber, "reason": "quota_used_up"}
	for _, token := range []string{w.staff, agency, ""} {
		w.call("POST", "/v1/paper-proofs", token, proof)
	}
	w.call("POST", "/v1/paper-proofs", w.staff, "{")
	w.call("POST", "/v1/paper-proofs", w.staff, and(proof, object{"reason": "whim"}))
}

// exceedRates exceeds the rate of every operation that has one.
func exceedRates(t *testing.T, into *system) {
	w := newSystem(t, setup{rate: throttle.Rate{Burst: 1, Every: time.Hour}, changes: throttle.Rate{Burst: 1, Every: time.Hour},
		identifications: throttle.Allowance{Day: 1}, subjects: throttle.Allowance{Day: 1}})
	h := w.apply()
	for _, r := range []struct{ method, path string }{
		{"POST", "/v1/applications"}, {"POST", "/v1/location"}, {"POST", h.path("/checks")}, {"POST", "/v1/viewings"}, {"POST", "/v1/accounts"},
		{"POST", "/v1/logins"}, {"PUT", "/v1/account/password"}, {"POST", "/v1/account/close"}, {"POST", "/v1/account/codes"},
		{"POST", "/v1/account/verification"}, {"POST", "/v1/account/phone/codes"}, {"POST", "/v1/account/phone/verifications"}, {"POST", "/v1/recoveries"}, {"POST", "/v1/recoveries/password"},
	} {
		if r.path == "/v1/location" { // counted apart from applications
			w.call(r.method, r.path, h.Token, object{})
		}
		a := w.call(r.method, r.path, h.Token, object{})
		wantProblem(t, a, http.StatusTooManyRequests, throttle.TooManyRequests)
		if a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.Body), "retry_at") {
			t.Errorf("%s %s: the response has no retry_at", r.method, r.path)
		}
	}
	w.call("POST", "/v1/credentials/1-1/revoke", w.staff, object{"reason": "fraud"})
	wantProblem(t, w.call("POST", "/v1/credentials/1-1/revoke", w.staff, object{"reason": "fraud"}), http.StatusTooManyRequests, staff.BudgetSpent)
	wantProblem(t, w.call("POST", "/v1/credentials/1-1/unrevoke", w.staff, object{}), http.StatusTooManyRequests, staff.BudgetSpent)
	wantProblem(t, w.call("POST", "/v1/passages/forgive", w.staff, object{"serial": "1-1", "reason": "staff"}), http.StatusTooManyRequests, staff.BudgetSpent)
	exceedAllowances(t, w)
	wantStatusCode(t, w.call("GET", h.path(""), h.Token, nil), http.StatusOK)
	for operation := range w.seen {
		into.seen[operation] = true
	}
}
