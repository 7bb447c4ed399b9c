package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/staff"
)

// acts are the operations of staff on the registry and who may do them, each with a
// body that is in its form and about what does not exist.
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

// someCorrection is about an account that does not exist.
var someCorrection = object{
	"account": "acc_0", "version": 1, "name": testName, "document_type": "resident_id", "document_number": testNumber,
	"original": true, "in_date": true, "readable": true,
}

// Who may not is told so before anything is looked up: what exists and what does
// not look the same. Passengers are no staff.
func TestOnlyRolesThatMayOverHTTP(t *testing.T) {
	w := newWorld(t, setup{})
	h, m := w.apply(), w.join()
	before := w.state()
	for _, act := range acts {
		var body any
		if act.body != nil {
			body = act.body
		}
		for _, role := range staff.Roles() {
			a := w.by(role, act.method, act.path, body)
			forbidden := codeOf(t, a) == staff.ForbiddenRole
			if forbidden == slices.Contains(act.may, role) || forbidden != (a.Status == http.StatusForbidden) {
				t.Errorf("%s by %s: %d %s", act.path, role, a.Status, a.Body)
			}
			if exists := and(act.body, object{"account": m.Account}); forbidden && act.body["account"] != nil && act.body["for"] == nil {
				if b := w.by(role, act.method, act.path, exists); string(b.Body) != string(a.Body) {
					t.Errorf("%s tells %s what exists: %s", act.path, role, b.Body)
				}
			}
		}
		for _, token := range []string{"", h.Token, m.Token, "rgs_" + strings.Repeat("0", 64)} {
			refused(t, w.call(act.method, act.path, token, body), http.StatusUnauthorized, staff.Unknown)
		}
	}
	for table, now := range w.state() {
		if now != before[table] {
			t.Errorf("%s changed", table)
		}
	}
}
