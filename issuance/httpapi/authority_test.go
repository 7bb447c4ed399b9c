package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
)

type awaitingPage struct {
	Entries []struct{ Account, Passenger string }
	Next    string
}

// The authority goes through all that waits, page by page, and nothing twice.
func TestAuthorityPagesThroughWhatWaits(t *testing.T) {
	w := newSystem(t, setup{})
	page := func(query string) awaitingPage {
		t.Helper()
		return as[awaitingPage](t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusOK)
	}
	if p := page(""); p.Entries == nil || len(p.Entries) != 0 || p.Next != "" {
		t.Fatalf("nothing waits: %+v", p)
	}
	k := w.openDesk()
	if p := page(""); len(p.Entries) != 1 || p.Entries[0].Account != k.member.Account || p.Entries[0].Passenger != k.waiting || p.Next != "" {
		t.Fatalf("one waits: %+v", p)
	}
	for range registry.MaxAwaiting {
		w.visits()
	}
	w.exec(`UPDATE holders SET status = 4 WHERE status = 3`)
	first := page("")
	second := page("?after=" + first.Next)
	if len(first.Entries) != registry.MaxAwaiting || len(second.Entries) != 1 || second.Next != "" {
		t.Fatalf("%d and %d wait, then %q", len(first.Entries), len(second.Entries), second.Next)
	}
	if slices.Contains(first.Entries, second.Entries[0]) {
		t.Error("one waits twice")
	}
	before := w.state()
	for _, query := range []string{
		"?after=", "?after", "?limit=1", "?after=" + first.Next + "&limit=1", "?after=" + first.Next + "&after=" + first.Next, "?After=" + first.Next, "?%zz", "?a=1;b=2",
		"?after=%20", "?after=%C2%B7", "?after=x%27--", "?after=" + first.Next + "%0A",
	} {
		refused(t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusBadRequest, "query_malformed")
	}
	w.unchanged("wrong queries", before)
}

// What the authority found is about what it looked at, and found once.
func TestAuthoritySettlesOnce(t *testing.T) {
	w := newSystem(t, setup{})
	k := w.openDesk()
	result := and(k.member.ref(k.waiting), object{"version": 2, "matches": false})
	forgotten := and(result, object{})
	delete(forgotten, "matches")
	refused(t, w.by(staff.Authority, "POST", "/v1/authority/results", forgotten), http.StatusBadRequest, "body_malformed")
	refused(t, w.by(staff.Authority, "POST", "/v1/authority/results", and(result, object{"version": 1})), http.StatusConflict, registry.EntryChanged)
	got := w.atOnce(6, func(int) answer { return w.by(staff.Authority, "POST", "/v1/authority/results", result) })
	if got[""] != 1 || got[registry.EntryChanged] != 5 {
		t.Fatalf("six results at once: %v", got)
	}
	for _, p := range k.member.passengers().Passengers {
		if p.Passenger == k.waiting && p.Status != "failed" {
			t.Fatalf("the passenger is %s", p.Status)
		}
	}
}

type auditLogPage struct {
	Records []audit.Record
	Next    string
}

// The police desk sees how a credential stands and not whose it is; operators
// see who looked, page by page.
func TestLookingUpACredentialIsInTheAuditLog(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.pass()
	police, operator := w.staffOf[staff.Police], w.staffOf[staff.Operator]
	path := "/v1/credentials/" + h.Serial
	status := func() string {
		t.Helper()
		a := w.call("GET", path, police, nil)
		runtest.HasNot(t, string(a.Body), h.Application, h.Number, testName, "submitted_at")
		return as[struct{ Status string }](t, a, http.StatusOK).Status
	}
	if got := status(); got != "approved" {
		t.Fatalf("status %q", got)
	}
	w.call("POST", path+"/revoke", w.staff, object{"reason": "lost_phone"})
	if got := status(); got != "revoked" {
		t.Fatalf("status %q", got)
	}
	refused(t, w.call("GET", "/v1/credentials/1-1", police, nil), http.StatusNotFound, credential.CredentialNotFound)

	one := as[auditLogPage](t, w.call("GET", "/v1/audit-log?kind=credential&object="+h.Serial, police, nil), http.StatusOK)
	if len(one.Records) != 3 || one.Records[0].Action != staff.LookUpCredential || one.Records[1].Action != staff.Revoke ||
		one.Records[1].Detail != "lost_phone" || one.Records[0].Who != "police-7" || len(one.Records[0].Request) != 16 {
		t.Fatalf("the trail of the credential: %+v", one.Records)
	}
	var all []audit.Record
	for after, pages := "", 0; ; pages++ {
		query := "/v1/audit-log?limit=2"
		if after != "" {
			query += "&after=" + after
		}
		page := as[auditLogPage](t, w.call("GET", query, operator, nil), http.StatusOK)
		all = append(all, page.Records...)
		if after = page.Next; after == "" {
			break
		}
		if pages > 10 {
			t.Fatal("the pages have no end")
		}
	}
	if len(all) != 4 || all[0].Action != staff.ReadObjectAuditLog || all[3].Action != staff.LookUpCredential {
		t.Fatalf("the whole trail: %+v", all)
	}
	last := as[auditLogPage](t, w.call("GET", "/v1/audit-log?limit=1", operator, nil), http.StatusOK)
	if last.Records[0].Action != staff.ReadAuditLog || last.Records[0].Who != "operator-7" {
		t.Fatalf("reading is not in the trail: %+v", last.Records)
	}
}

// Who may ask is decided before anything is looked up: who may not learns
// nothing, whether or not there is something.
func TestRolesAreAskedFirst(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.pass()
	for _, c := range []struct {
		method, path string
		body         any
		may          []staff.Role
	}{
		{"GET", "/v1/credentials/%s", nil, staff.Allowed(staff.LookUpCredential)},
		{"POST", "/v1/credentials/%s/revoke", object{"reason": "fraud"}, staff.Allowed(staff.Revoke)},
		{"POST", "/v1/credentials/%s/unrevoke", object{}, staff.Allowed(staff.Unrevoke)},
		{"POST", "/v1/paper-proofs", object{"document_type": "resident_id", "document_number": testNumber, "reason": "no_phone"}, staff.Allowed(staff.IssuePaperProof)},
		{"GET", "/v1/audit-log?kind=credential&object=%s", nil, staff.Allowed(staff.ReadObjectAuditLog)},
		{"GET", "/v1/audit-log", nil, staff.Allowed(staff.ReadAuditLog)},
		{"GET", "/v1/audit-log?limit=0", nil, staff.Allowed(staff.ReadAuditLog)},
	} {
		for _, role := range staff.Roles() {
			var bodies []string
			for _, serial := range []string{h.Serial, "1-1", "x"} {
				a := w.call(c.method, strings.Replace(c.path, "%s", serial, 1), w.staffOf[role], c.body)
				may := false
				for _, r := range c.may {
					may = may || r == role
				}
				if got := a.Status != http.StatusForbidden; got != may {
					t.Errorf("%s %s as %s: %d", c.method, c.path, role, a.Status)
				}
				if !may {
					bodies = append(bodies, string(a.Body))
				}
			}
			if len(bodies) > 0 && (bodies[0] != bodies[1] || bodies[0] != bodies[2]) {
				t.Errorf("%s %s tells %s more than that: %q", c.method, c.path, role, bodies)
			}
		}
	}
	w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staffOf[staff.Operator], object{})
}

// An entry that was put into the database by other means is not told to staff as an act.
func TestForgedEntriesAreNotTold(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.pass()
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "lost_phone"})
	for _, text := range []string{`DROP TRIGGER audit_insert`, `INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request)
		SELECT at_ms, 'window-99', role, action, object_kind, object, detail, request FROM audit WHERE action = 'revoke'`} {
		w.exec(text)
	}
	a := w.call("GET", "/v1/audit-log?kind=credential&object="+h.Serial, w.staffOf[staff.Police], nil)
	page := as[auditLogPage](t, a, http.StatusOK)
	if len(page.Records) != 1 || page.Records[0].Action != staff.Revoke || page.Records[0].Who == "window-99" || strings.Contains(string(a.Body), "proof") {
		t.Fatalf("%s", a.Body)
	}
}
