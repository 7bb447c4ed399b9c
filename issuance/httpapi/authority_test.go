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

// The authority's pages list every waiting entry once.
func TestAuthorityPagesThroughWaitingEntries(t *testing.T) {
	w := newSystem(t, setup{})
	page := func(query string) awaitingPage {
		t.Helper()
		return as[awaitingPage](t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusOK)
	}
	if p := page(""); p.Entries == nil || len(p.Entries) != 0 || p.Next != "" {
		t.Fatalf("without waiting entries the page is %+v", p)
	}
	k := w.newRegistryFixture()
	if p := page(""); len(p.Entries) != 1 || p.Entries[0].Account != k.member.Account || p.Entries[0].Passenger != k.waiting || p.Next != "" {
		t.Fatalf("with one waiting entry the page is %+v", p)
	}
	for range registry.MaxAwaiting {
		w.joinVisitor()
	}
	w.execSQL(`UPDATE holders SET status = 4 WHERE status = 3`)
	first := page("")
	second := page("?after=" + first.Next)
	if len(first.Entries) != registry.MaxAwaiting || len(second.Entries) != 1 || second.Next != "" {
		t.Fatalf("the pages have %d and %d entries, then %q", len(first.Entries), len(second.Entries), second.Next)
	}
	if slices.Contains(first.Entries, second.Entries[0]) {
		t.Error("an entry is on both pages")
	}
	before := w.tableHashes()
	for _, query := range []string{
		"?after=", "?after", "?limit=1", "?after=" + first.Next + "&limit=1", "?after=" + first.Next + "&after=" + first.Next, "?After=" + first.Next, "?%zz", "?a=1;b=2",
		"?after=%20", "?after=%C2%B7", "?after=x%27--", "?after=" + first.Next + "%0A",
	} {
		wantProblem(t, w.by(staff.Authority, "GET", "/v1/authority/awaiting"+query, nil), http.StatusBadRequest, "query_malformed")
	}
	w.wantUnchanged("wrong queries", before)
}

// The authority's result applies to the version it viewed, and only once.
func TestAuthoritySettlesOnce(t *testing.T) {
	w := newSystem(t, setup{})
	k := w.newRegistryFixture()
	result := and(k.member.ref(k.waiting), object{"version": 2, "matches": false})
	forgotten := and(result, object{})
	delete(forgotten, "matches")
	wantProblem(t, w.by(staff.Authority, "POST", "/v1/authority/results", forgotten), http.StatusBadRequest, "body_malformed")
	wantProblem(t, w.by(staff.Authority, "POST", "/v1/authority/results", and(result, object{"version": 1})), http.StatusConflict, registry.EntryChanged)
	got := w.concurrently(6, func(int) answer { return w.by(staff.Authority, "POST", "/v1/authority/results", result) })
	if got[""] != 1 || got[registry.EntryChanged] != 5 {
		t.Fatalf("six concurrent results: %v", got)
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

// A police desk sees the status of a credential without its person. Operators see in the
// audit log who looked it up.
func TestCredentialLookupIsAudited(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
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
	wantProblem(t, w.call("GET", "/v1/credentials/1-1", police, nil), http.StatusNotFound, credential.CredentialNotFound)

	one := as[auditLogPage](t, w.call("GET", "/v1/audit-log?kind=credential&object="+h.Serial, police, nil), http.StatusOK)
	if len(one.Records) != 3 || one.Records[0].Action != staff.LookUpCredential || one.Records[1].Action != staff.Revoke ||
		one.Records[1].Detail != "lost_phone" || one.Records[0].Who != "police-7" || len(one.Records[0].Request) != 16 {
		t.Fatalf("the audit entries of the credential: %+v", one.Records)
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
			t.Fatal("the pages do not end")
		}
	}
	if len(all) != 4 || all[0].Action != staff.ReadObjectAuditLog || all[3].Action != staff.LookUpCredential {
		t.Fatalf("all audit entries: %+v", all)
	}
	last := as[auditLogPage](t, w.call("GET", "/v1/audit-log?limit=1", operator, nil), http.StatusOK)
	if last.Records[0].Action != staff.ReadAuditLog || last.Records[0].Who != "operator-7" {
		t.Fatalf("the reading of the audit log is not its newest entry: %+v", last.Records)
	}
}

// Roles are checked before any lookup: a refused role gets the same response for existing
// and unknown objects.
func TestRefusedRolesLearnNothing(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
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
		{"GET", "/v1/audit-log/chain", nil, staff.Allowed(staff.VerifyAuditLog)},
		{"GET", "/v1/audit-log/chain?limit=0", nil, staff.Allowed(staff.VerifyAuditLog)},
		{"GET", "/v1/keys", nil, staff.Allowed(staff.ListKeys)},
		{"GET", "/v1/streams", nil, staff.Allowed(staff.ReadStreams)},
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
				t.Errorf("%s %s reveals to %s whether the object exists: %q", c.method, c.path, role, bodies)
			}
		}
	}
	w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staffOf[staff.Operator], object{})
}

// Forged audit entries are not returned to staff.
func TestForgedEntriesAreOmitted(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
	w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "lost_phone"})
	for _, text := range []string{`DROP TRIGGER audit_insert`, `INSERT INTO audit (at_ms, who, role, action, object_kind, object, detail, request)
		SELECT at_ms, 'window-99', role, action, object_kind, object, detail, request FROM audit WHERE action = 'revoke'`} {
		w.execSQL(text)
	}
	a := w.call("GET", "/v1/audit-log?kind=credential&object="+h.Serial, w.staffOf[staff.Police], nil)
	page := as[auditLogPage](t, a, http.StatusOK)
	if len(page.Records) != 1 || page.Records[0].Action != staff.Revoke || page.Records[0].Who == "window-99" || strings.Contains(string(a.Body), "proof") {
		t.Fatalf("the page has a forged entry or a proof: %s", a.Body)
	}
}
