package httpapi_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Every datum of a passenger is a mark. It is sent through every endpoint, in valid and
// invalid requests. Logs, errors and metrics must not contain the marks. Successful
// responses may contain only ids, new secrets and codes.
func TestPersonalDataLeaveNoTrace(t *testing.T) {
	w := newSystem(t, setup{checkTimeout: 300 * time.Millisecond})
	const name, number, city, place = "标记姓名Markname", testNumber, "河北省廊坊", "39.123456789"
	const noCity = "标记城市Markcity"
	marked := and(form(), object{"name": name, "city": city, "location": object{"latitude": 39.123456789, "longitude": 116.4}})
	const evidence, anchor = "markevidence-7c1d", "ma4ced"

	h := as[holder](t, w.call("POST", "/v1/applications", "", marked), http.StatusCreated)
	h.w = w
	check := h.passCheck()
	anchored, _ := h.openAnchored(check)
	hosted := h.openHosted(h.passCheck())
	code := as[struct{ Text string }](t, w.call("GET", "/v1/sessions/"+hosted.Session+"/code", h.Token, nil), http.StatusOK)
	w.call("GET", h.path(""), h.Token, nil)
	w.call("GET", h.path("/data"), h.Token, nil)
	proof := object{"document_type": "resident_id", "document_number": number, "reason": "no_phone"}
	as[object](t, w.call("POST", "/v1/paper-proofs", w.staff, proof), http.StatusCreated)
	m := markedMember(w, name)

	// The marks are also sent in fields where they do not belong.
	for _, token := range []string{h.Token, w.staff, "rga_" + name, number} {
		for _, path := range []string{
			"/v1/applications", "/v1/location", h.path(""), h.path("/checks"), h.path("/sessions"), "/v1/sessions/" + hosted.Session + "/code",
			"/v1/credentials/" + h.Serial + "/revoke", "/v1/credentials/" + h.Serial + "/unrevoke",
			"/v1/applications/" + number + "/data", h.path("/decision"), "/v1/paper-proofs", "/v1/viewings", "/v1/accounts", "/v1/logins", "/v1/account/consent", "/v1/audit-log?object=" + number,
			"/v1/account/applications", "/v1/credentials/" + number,
			"/healthz", "/readyz", "/" + number, "/v1/applications/" + number, "/v1/sessions/" + number + "/code",
			"/v1/credentials/" + number + "/revoke", "/v1/applications/" + h.Token + "?token=" + h.Token,
		} {
			for _, body := range []any{
				nil, object{"evidence": evidence}, object{"check": check, "mode": name, "anchor": anchor},
				object{"reason": name}, object{name: number}, object{"markedfield": 1}, object{"name": object{number: name}},
				with("document_number", number[:17]+"0"), with("name", strings.Repeat(name, 20)), with("city", city+"\n"), with("city", noCity), object{"latitude": 39.123456789, "longitude": 116.4}, object{"latitude": 9.123456789, "longitude": 139.123456789},
				with("document_type", name), with("location", place), `{"name":"` + name + `","name":"` + number + `"}`, name,
			} {
				for _, method := range []string{"GET", "POST"} {
					w.call(method, path, token, body)
				}
			}
		}
	}
	for _, ev := range []string{"sandbox:fail", "sandbox:timeout", evidence} {
		w.call("POST", h.path("/checks"), h.Token, object{"evidence": ev})
	}
	// A database fault affects every endpoint.
	w.outbox.Close()
	for _, a := range []answer{
		w.call("POST", "/v1/applications", "", marked),
		w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}),
		w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "fraud"}),
		w.call("GET", "/v1/credentials/"+h.Serial, w.staff, nil),
		w.call("POST", "/v1/paper-proofs", w.staff, proof),
		w.call("POST", "/v1/accounts", "", m.form),
		w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": markedPassword}),
		m.call("GET", "/v1/account", nil),
		m.call("POST", "/v1/applications", marked),
	} {
		wantProblem(t, a, http.StatusInternalServerError, "internal_error")
		runtest.HasNot(t, string(a.Body), "database")
	}

	_, metrics := w.adminGet("/metrics")
	runtest.Has(t, metrics, "railgate_issuer_requests_total")
	everywhere := map[string]string{
		"name": name, "name in ASCII": "Markname", "number": number, "number but its end": number[:17], "city": city, "no city": noCity, "no city in ASCII": "Markcity",
		"location": "39.1234", "evidence": evidence, "anchor": anchor, "unknown field": "markedfield", "staff credential": w.staff, "staff credential but its prefix": w.staff[4:],
		"number of the account": markedNumber, "login name": markedLogin, "password": markedPassword, "password in ASCII": "markpass", "new password": "marknewpass", "phone": markedPhone, "e-mail": markedEmail,
		"network address": "127.0.0.1",
	}
	// Only the owner receives these, once.
	owner := map[string]string{
		"access token": h.Token[4:], "login token": m.Token[4:], "check": check[4:], "pass": anchored.Pass, "code": code.Text,
	}
	logs := w.logs.String()
	if strings.Count(logs, `"request"`) < 1000 || !strings.Contains(logs, "request failed") {
		t.Fatal("the log does not have the requests of this test")
	}
	unwritten := func(what, mark string) {
		for where, text := range map[string]string{"log": logs, "metrics": metrics} {
			if strings.Contains(text, mark) {
				t.Errorf("%s is in the %s", what, where)
			}
		}
	}
	// A phone code has six digits, which can also occur in times, request ids and metric
	// values. Only isolated numbers count.
	if len(w.marks) == 0 {
		t.Fatal("no phone code was sent")
	}
	labels := metricValue.ReplaceAllString(metrics, "")
	for i, code := range w.marks {
		alone := regexp.MustCompile(`(^|[^0-9A-Za-z.])` + code + `([^0-9A-Za-z]|$)`)
		if !alone.MatchString(`{"code":"` + code + `"}`) {
			t.Fatal("the pattern does not find a code in JSON")
		}
		if alone.MatchString(logs) || alone.MatchString(labels) {
			t.Errorf("phone code %d is in the log or the metrics", i)
		}
		for _, a := range w.answers {
			if alone.Match(a.Body) {
				t.Fatalf("phone code %d is in the answer %s", i, a.Body)
			}
		}
	}
	for what, mark := range everywhere {
		unwritten(what, mark)
		for _, a := range w.answers {
			if strings.Contains(string(a.Body), mark) && !ownData[a.operation] {
				t.Fatalf("%s is in the answer %s", what, a.Body)
			}
		}
	}
	for what, mark := range owner {
		unwritten(what, mark)
		for _, a := range w.answers {
			if a.Status >= 400 && strings.Contains(string(a.Body), mark) {
				t.Fatalf("%s is in the error %s", what, a.Body)
			}
		}
	}
	runtest.HasNot(t, logs, facecheck.SandboxPass)
}

const (
	markedLogin    = "marklogin_7c1d"
	markedPassword = "markpass 标记密码"
	markedPhone    = "13876543219"
	markedEmail    = "markmail.7c1d@example.org"
)

var markedNumber = number(1) // of the account; testNumber is that of the application

// metricValue is the value at the end of a metric line.
var metricValue = regexp.MustCompile(`(?m) \S+$`)

// ownData are the responses that contain the caller's own personal data.
var ownData = map[string]bool{"getApplicationData 200": true, "getAccount 200": true, "editAccount 200": true, "verifyPhone 200": true, "getAccountData 200": true}

// markedMember sends an account whose every datum is a mark through every account endpoint.
func markedMember(w *system, name string) *member {
	f := object{
		"login_name": markedLogin, "password": markedPassword, "policy": testPolicy, "name": name,
		"document_type": "resident_id", "document_number": markedNumber, "phone": markedPhone, "email": markedEmail,
	}
	m := w.joinAs(f)
	h := m.apply()
	h.openHosted(h.passCheck())
	other := m.logInAgain()
	edit := object{"version": 1, "name": name, "document_type": "resident_id", "document_number": markedNumber, "phone": markedPhone}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/v1/accounts", f}, {"POST", "/v1/logins", object{"login_name": markedLogin, "password": markedPassword + "x"}},
		{"POST", "/v1/logins", object{"login_name": markedPassword, "password": markedLogin}},
		{"GET", "/v1/account", nil}, {"GET", "/v1/account/data", nil}, {"GET", "/v1/account/applications", nil}, {"PUT", "/v1/account", edit},
		{"PUT", "/v1/account", edit}, {"PUT", "/v1/account", object{"version": 2, "name": testNumber, "document_type": name, "document_number": name}},
		{"PUT", "/v1/account/password", object{"password": markedPassword, "new_password": markedNumber}},
		{"PUT", "/v1/account/password", object{"password": markedEmail, "new_password": "marknewpass 7c1d"}},
		{"PUT", "/v1/account/password", object{"password": markedPassword, "new_password": "marknewpass 7c1d"}},
		{"PUT", "/v1/account/password", object{"password": "marknewpass 7c1d", "new_password": markedPassword}},
		{"POST", "/v1/account/consent", object{"policy": markedEmail}}, {"POST", "/v1/account/consent", object{markedLogin: markedPhone}},
		{"POST", "/v1/account/phone/codes", object{"phone": markedPhone, "language": "en"}}, {"POST", "/v1/account/phone/codes", object{"phone": markedEmail, "language": markedLogin}},
		{"POST", "/v1/account/phone/verifications", object{"phone": markedPhone, "code": "123456", "password": markedPassword}},
		{"POST", "/v1/account/phone/verifications", object{"phone": markedPhone, "code": markedPhone, "password": markedEmail}},
		{"POST", "/v1/recoveries", object{"login_name": markedLogin, "phone": markedPhone}}, {"POST", "/v1/recoveries", object{"login_name": markedPhone, "phone": markedLogin}},
		{"POST", "/v1/account/verification", object{"evidence": "markevidence-7c1d"}}, {"POST", "/v1/account/verification", object{"evidence": "sandbox:fail"}},
		{"POST", "/v1/recoveries/password", object{"recovery": markedLogin, "code": markedPhone, "new_password": markedPassword}},
		{"POST", "/v1/account/close", object{"password": markedPhone}}, {"DELETE", "/v1/logins/" + markedLogin, nil}, {"GET", "/v1/account/" + markedPhone, nil},
	} {
		m.call(c.method, c.path, c.body)
		other.call(c.method, c.path, c.body)
		w.clearLockouts()
	}
	other.logInAgain().call("DELETE", "/v1/logins/current", nil)
	m.verifyPhone(markedPhone)
	w.clearLockouts()
	m.call("POST", "/v1/account/verification", object{"evidence": "markevidence-7c1d"})
	m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"})
	recovery, code := m.recovery(markedPhone)
	w.marks = append(w.marks, code)
	w.call("POST", "/v1/recoveries/password", "", object{"recovery": recovery, "code": code, "new_password": markedPassword})
	return m.logInAgain()
}

// The database files contain no name, number, city or usable token in clear.
func TestPersonalDataAreEncryptedAtRest(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.openHosted(h.passCheck())
	m := w.joinAs(and(registration(1), object{"login_name": markedLogin, "password": markedPassword, "phone": markedPhone, "email": markedEmail}))
	mine := m.apply()
	mine.openHosted(mine.passCheck())
	w.call("POST", "/v1/logins", "", object{"login_name": markedLogin, "password": markedPassword + "x"})
	m.call("PUT", "/v1/account/password", object{"password": markedPassword, "new_password": "marknewpass 7c1d"})
	raw := w.databaseFiles()
	runtest.Has(t, raw, h.Application)
	for what, mark := range map[string]string{"name": testName, "number": testNumber, "city": "北京", "access token": h.Token, "its digits": h.Token[4:],
		"number of the account": markedNumber, "login name": markedLogin, "password": markedPassword, "new password": "marknewpass", "phone": markedPhone, "e-mail": markedEmail,
		"login token": m.Token, "its own digits": m.Token[4:], "password's hash": "$argon2id$", "network address": "127.0.0.1",
	} {
		if strings.Contains(raw, mark) {
			t.Errorf("the database contains the %s in clear", what)
		}
	}
}

// Every datum of two persons and a ticket reference is a mark, sent through every registry
// operation: valid and invalid requests, by allowed and refused roles, and with a database
// fault. Only the holder and the viewers of an entry receive the marks.
func TestRegistryLeavesNoTrace(t *testing.T) {
	w := newSystem(t, setup{})
	marks := []string{"Markholder", "Markpassenger", "H1234", "P5678", "MARKTICKET", "mark.person", "87654321", "Marked Wrong", "MarkedSouth", "MARKTRAIN"}
	m := w.joinAs(and(registration(930), object{
		"name": "Markholder 測", "document_type": "passport", "document_number": "H1234", "nationality": "NZL", "phone": "13887654321", "email": "mark.person@example.org",
	}))
	guest := and(visitor(1), object{"name": "Markpassenger 測", "document_number": "P5678"})
	p := m.addPassenger(guest).Passenger
	proof := object{"proof": object{"kind": "holder_number", "value": "H1234"}}
	wrong := object{"proof": object{"kind": "holder_number", "value": "Marked Wrong"}}
	shown := object{"document_type": "passport", "document_number": "P5678", "nationality": "NZL"}
	as := and(shown, and(m.ref(p), object{"version": 3, "name": "Markpassenger Markright", "original": true, "in_date": true, "readable": true}))
	claim := and(as, object{"version": 1, "proof": object{"kind": "email_start", "value": "mar"}})
	delete(claim, "passenger")
	bought := m.purchase("MARKTICKET", "holder", p)
	for _, ticket := range bought["issued"].([]object) {
		ticket["journey"] = and(w.journey(), object{"train": "MARKTRAIN", "from": "MarkedSouth"})
	}
	requests := []struct {
		role         staff.Role // empty: the member
		method, path string
		good         object
	}{
		{"", "PUT", listPath + "/" + p, and(guest, object{"version": 1})},
		{"", "POST", listPath, guest},
		{"", "POST", listPath, and(guest, object{"document_number": "P5678x"})},
		{staff.Ticketing, "POST", "/v1/decisions", m.buyQuestion("holder", p)},
		{staff.Ticketing, "POST", "/v1/tickets", bought},
		{staff.Ticketing, "POST", "/v1/decisions", object{"kind": "refund_online", "account": m.Account, "ticket": "MARKTICKET-0"}},
		{staff.Ticketing, "POST", "/v1/tickets", object{"kind": "cancelled", "ticket": "MARKTICKET-0"}},
		{staff.Ticketing, "POST", "/v1/tickets", object{"kind": "refunded", "ticket": "MARKTICKET-0"}},
		{staff.Window, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "refund"}},
		{staff.Window, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "refund", "original": true, "order": "MARKORDER"}},
		{staff.Machine, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "exchange", "original": true, "card": object{"name": "Markholder", "document_number": "H1234"}}},
		{staff.Window, "POST", "/v1/counter/searches", shown},
		{staff.Window, "POST", "/v1/counter/looks", m.ref(p)},
		{staff.Window, "POST", verifications, and(m.counterResult(p, true), wrong)},
		{staff.Window, "POST", verifications, and(m.counterResult(p, true), proof)},
		{staff.Authority, "GET", "/v1/authority/awaiting", nil},
		{staff.Authority, "POST", "/v1/authority/looks", m.ref(p)},
		{staff.Authority, "POST", "/v1/authority/results", and(m.ref(p), object{"version": 2, "matches": true})},
		{staff.Window, "POST", "/v1/counter/searches", and(shown, object{"purpose": "correction"})},
		{staff.Window, "POST", "/v1/counter/looks", and(m.ref(p), object{"purpose": "correction"})},
		{staff.Window, "POST", "/v1/counter/corrections", and(as, wrong)},
		{staff.Window, "POST", "/v1/counter/corrections", and(as, proof)},
		{staff.Window, "POST", "/v1/counter/claims", and(claim, wrong)},
		{staff.Window, "POST", "/v1/counter/claims", claim},
		{staff.Window, "POST", "/v1/counter/duplicates", and(shown, object{"original": true, "in_date": true, "readable": true})},
		{staff.Window, "POST", "/v1/counter/duplicates", and(shown, object{"original": true, "in_date": true, "readable": true, "document_number": "H1234"})},
		{staff.Operator, "GET", "/v1/audit-log", nil},
		{"", "DELETE", listPath + "/" + p, nil},
	}
	from := len(w.answers)
	authorized := map[string]bool{} // request ids whose responses may contain a mark
	tokenOf := func(role staff.Role) string {
		if role == "" {
			return m.Token
		}
		return w.staffOf[role]
	}
	for _, r := range requests {
		token, body := tokenOf(r.role), bodyOf(r.good)
		a := w.call(r.method, r.path, token, body)
		if strings.HasPrefix(r.path, listPath) || strings.HasSuffix(r.path, "/looks") {
			authorized[a.Header.Get("X-Request-Id")] = a.Status < 300
		}
		if body == nil {
			w.call(r.method, r.path+"?after=Markholder", token, nil)
			continue
		}
		w.call(r.method, r.path+"/Markholder", token, body)
		for _, name := range slices.Sorted(maps.Keys(r.good)) {
			for _, value := range []any{"Markholder\n", []string{"Markpassenger"}, object{"markpassenger": "Markholder"}, strings.Repeat("Markholder ", 20)} {
				w.call(r.method, r.path, token, and(r.good, object{name: value}))
			}
		}
		w.call(r.method, r.path, token, and(r.good, object{"Markholder": 1}))
		w.call(r.method, r.path, w.staffOf[staff.Police], body)
	}
	raw := w.databaseFiles()
	w.outbox.Close()
	for _, r := range requests {
		if a := w.call(r.method, r.path, tokenOf(r.role), bodyOf(r.good)); a.Status < 400 || r.role != "" && a.Status != http.StatusInternalServerError && !strings.Contains(r.path, "duplicates") {
			t.Errorf("%s %s with a closed database: %d %s", r.method, r.path, a.Status, a.Body)
		}
	}
	_, metrics := w.adminGet("/metrics")
	runtest.Has(t, metrics, "/v1/counter/looks")
	logs := w.logs.String()
	if strings.Count(logs, `"request"`) < 200 || !strings.Contains(logs, "request failed") || !strings.Contains(raw, m.Account) || !strings.Contains(raw, p) {
		t.Fatal("the log or the database does not have the requests of this test")
	}
	if len(authorized) < 4 {
		t.Fatalf("only %d responses contain the marks", len(authorized))
	}
	w.wantUnmarked(marks, map[string]string{"log": logs, "metrics": metrics, "database": raw}, w.answers[from:], func(a answer) bool {
		return authorized[a.Header.Get("X-Request-Id")] || a.Status < 300 && strings.Contains(string(a.Body), `"agreed_at"`)
	})
}

// wantUnmarked asserts that no text contains a mark, and that only permitted responses do.
func (w *system) wantUnmarked(marks []string, texts map[string]string, answers []answer, may func(a answer) bool) {
	w.t.Helper()
	for _, mark := range marks {
		for what, text := range texts {
			if strings.Contains(text, mark) {
				w.t.Errorf("%q is in the %s", mark, what)
			}
		}
		for _, a := range answers {
			if strings.Contains(string(a.Body), mark) && !may(a) {
				w.t.Errorf("%q is in the response %d %s", mark, a.Status, a.Body)
			}
		}
	}
}
