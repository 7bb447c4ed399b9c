package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/staff"
)

// An application is accessible with its own token only, and the response does not reveal
// whether the application exists.
func TestForeignTokenIsAnsweredLikeNoToken(t *testing.T) {
	w := newSystem(t, setup{})
	mine, other := w.apply(), w.apply()
	check := mine.passCheck()
	s := mine.openHosted(mine.passCheck())
	wrong := map[string]string{
		"none": "", "another application's": other.Token, "staff": w.staff, "unknown": "rga_" + strings.Repeat("0", 64),
		"capitals": strings.ToUpper(mine.Token), "cut short": mine.Token[:len(mine.Token)-1], "garbage": "x",
	}
	paths := []struct {
		method, path string
		body         any
	}{
		{"GET", mine.path(""), nil},
		{"POST", mine.path("/checks"), object{"evidence": "sandbox:pass"}},
		{"POST", mine.path("/sessions"), object{"check": check, "mode": "hosted"}},
		{"GET", "/v1/applications/app_" + strings.Repeat("0", 32), nil},
		{"GET", "/v1/applications/x", nil},
	}
	var first []byte
	for why, token := range wrong {
		for _, p := range paths {
			a := w.call(p.method, p.path, token, p.body)
			wantProblem(t, a, http.StatusUnauthorized, credential.Unauthorized)
			if first == nil {
				first = a.Body
			}
			if string(a.Body) != string(first) {
				t.Fatalf("token %q at %s %s gets another response: %s", why, p.method, p.path, a.Body)
			}
		}
	}
	// A session of another application is answered like one that never existed.
	never := w.call("GET", "/v1/sessions/ses_"+strings.Repeat("0", 32)+"/code", other.Token, nil)
	foreign := w.call("GET", "/v1/sessions/"+s.Session+"/code", other.Token, nil)
	wantProblem(t, foreign, http.StatusNotFound, credential.SessionNotFound)
	if string(never.Body) != string(foreign.Body) {
		t.Fatalf("a foreign session is answered %s, an unknown one %s", foreign.Body, never.Body)
	}
	// Tokens of passengers do not authorize staff operations.
	for _, token := range []string{"", mine.Token, "rgs_" + strings.Repeat("0", 64), w.staff + "0"} {
		wantProblem(t, w.call("POST", "/v1/credentials/"+mine.Serial+"/revoke", token, object{"reason": "staff"}), http.StatusUnauthorized, "staff_unauthorized")
		wantProblem(t, w.call("POST", "/v1/credentials/"+mine.Serial+"/unrevoke", token, object{}), http.StatusUnauthorized, "staff_unauthorized")
	}
	mine.wantStatus("approved")
}

// acts are the registry's staff operations and the roles that may use them, each with a
// valid body about objects that do not exist.
var acts = []struct {
	method, path string
	may          []staff.Role
	body         object
}{
	{"POST", "/v1/decisions", []staff.Role{staff.Ticketing}, object{"kind": "buy", "account": "acc_0", "for": []string{"holder"}}},
	{"POST", "/v1/identifications", []staff.Role{staff.Window, staff.Agency, staff.Police}, object{"code": "no code", "purpose": "none"}},
	{"POST", "/v1/subjects", []staff.Role{staff.Ticketing}, object{"day": 1, "persons": []object{{"document_type": "resident_id", "document_number": testNumber}}}},
	{"POST", "/v1/account-codes", []staff.Role{staff.Ticketing}, object{"code": "rgc_0"}},
	{"POST", "/v1/tickets", []staff.Role{staff.Ticketing}, object{"kind": "refunded", "ticket": "unknown"}},
	{"POST", "/v1/counter/searches", []staff.Role{staff.Window, staff.Agency}, object{"document_type": "resident_id", "document_number": testNumber}},
	{"POST", "/v1/counter/looks", []staff.Role{staff.Window, staff.Agency}, object{"account": "acc_0", "passenger": "holder"}},
	{"POST", verifications, []staff.Role{staff.Window, staff.Agency}, object{"account": "acc_0", "passenger": "holder", "version": 1, "original": true, "in_date": true, "readable": true, "matches": true}},
	{"POST", "/v1/counter/duplicates", []staff.Role{staff.Window, staff.Agency}, object{"document_type": "resident_id", "document_number": testNumber, "original": true, "in_date": true, "readable": true}},
	{"POST", "/v1/counter/corrections", []staff.Role{staff.Window}, and(someCorrection, object{"passenger": "holder"})},
	{"POST", "/v1/counter/claims", []staff.Role{staff.Window}, someCorrection},
	{"POST", "/v1/counter/services", []staff.Role{staff.Window, staff.Agency, staff.Machine}, object{"ticket": "unknown", "service": "exchange"}},
	{"GET", "/v1/authority/awaiting", []staff.Role{staff.Authority}, nil},
	{"POST", "/v1/authority/looks", []staff.Role{staff.Authority}, object{"account": "acc_0", "passenger": "holder"}},
	{"POST", "/v1/authority/results", []staff.Role{staff.Authority}, object{"account": "acc_0", "passenger": "holder", "version": 1, "matches": true}},
}

// someCorrection is a correction in an account that does not exist.
var someCorrection = object{
	"account": "acc_0", "version": 1, "name": testName, "document_type": "resident_id", "document_number": testNumber,
	"original": true, "in_date": true, "readable": true,
}

// A role is refused before any lookup: existing and unknown objects get the same response.
// Tokens of passengers do not authorize staff operations.
func TestRolesAreCheckedBeforeLookup(t *testing.T) {
	w := newSystem(t, setup{})
	h, m := w.apply(), w.join()
	before := w.tableHashes()
	for _, act := range acts {
		body := bodyOf(act.body)
		for _, role := range staff.Roles() {
			a := w.by(role, act.method, act.path, body)
			forbidden := codeOf(t, a) == staff.ForbiddenRole
			if forbidden == slices.Contains(act.may, role) || forbidden != (a.Status == http.StatusForbidden) {
				t.Errorf("%s as %s: answered %d %s", act.path, role, a.Status, a.Body)
			}
			if exists := and(act.body, object{"account": m.Account}); forbidden && act.body["account"] != nil && act.body["for"] == nil {
				if b := w.by(role, act.method, act.path, exists); string(b.Body) != string(a.Body) {
					t.Errorf("%s reveals to %s that an object exists: %s", act.path, role, b.Body)
				}
			}
		}
		for _, token := range []string{"", h.Token, m.Token, "rgs_" + strings.Repeat("0", 64)} {
			wantProblem(t, w.call(act.method, act.path, token, body), http.StatusUnauthorized, staff.Unknown)
		}
	}
	w.wantUnchanged("requests of other roles", before)
}

// A hundred registrations with a taken name do not lock out the network: face checks and
// logins still work.
func TestTakenNamesCauseNoLockout(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := w.apply()
	for range 100 {
		if a := w.call("POST", "/v1/accounts", "", m.form); a.Status != http.StatusTooManyRequests {
			wantProblem(t, a, http.StatusConflict, account.LoginTaken)
		}
	}
	h.passCheck()
	as[object](t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusCreated)
}
