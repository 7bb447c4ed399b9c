package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
)

const verifications = "/v1/counter/verifications"

// A visitor is found by the document at a counter, viewed, pre-verified, and verified by the
// authority. The audit log has each step with its staff credential and request id.
func TestB_EntryIsVerifiedAtTheCounterOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.joinVisitor()
	search := object{"document_type": "passport", "document_number": v.form["document_number"], "nationality": "NZL"}
	wantProblem(t, w.by(staff.Agency, "POST", "/v1/counter/searches", search), http.StatusConflict, rules.StationWindowOnly)
	a := w.by(staff.Window, "POST", "/v1/counter/searches", search)
	found := as[struct {
		Entries []struct{ Account, Passenger, Status string }
	}](t, a, http.StatusOK)
	if len(found.Entries) != 1 || found.Entries[0].Account != v.Account || found.Entries[0].Passenger != "holder" || found.Entries[0].Status != "to_be_submitted" {
		t.Fatalf("the search found %+v", found)
	}
	runtest.HasNot(t, string(a.Body), "P00", "Visitor")
	wantProblem(t, w.by(staff.Authority, "POST", "/v1/authority/looks", v.ref("holder")), http.StatusConflict, rules.TransitionRefused)
	looked := w.by(staff.Window, "POST", "/v1/counter/looks", v.ref("holder"))
	if s := as[entry](t, looked, http.StatusOK); s.Number != v.form["document_number"] || s.Name != "Test Visitor" || s.ProofNeeded {
		t.Fatalf("the counter sees %+v", s)
	}
	if after := v.verifyAtCounter("holder"); !slices.Equal(after, []string{"pre_verified", "verified"}) || v.passengers().Holder.Status != "verified" {
		t.Fatalf("the statuses were %q", after)
	}
	wantProblem(t, w.by(staff.Window, "POST", "/v1/counter/looks", v.ref("holder")), http.StatusConflict, rules.TransitionRefused)

	auditLog := as[auditLogPage](t, w.call("GET", "/v1/audit-log?kind=account&object="+v.Account, w.staffOf[staff.Operator], nil), http.StatusOK)
	var steps []string
	requests := map[string]bool{}
	for _, r := range auditLog.Records {
		steps = append(steps, r.Who+" "+string(r.Action)+": "+r.Detail)
		requests[r.Request] = true
	}
	slices.Reverse(steps)
	want := []string{
		"window-7 pre_verify: viewed the entry", "window-7 pre_verify: viewed the entry", "window-7 pre_verify: to_be_submitted becomes pre_verified",
		"authority-7 settle_foreign: viewed the entry", "authority-7 settle_foreign: pre_verified becomes verified",
	}
	if !slices.Equal(steps, want) {
		t.Errorf("the audit log has %q", steps)
	}
	if len(requests) != 5 || !requests[looked.Header.Get("X-Request-Id")] {
		t.Errorf("the audit log names the requests %v", requests)
	}
}

// Of six concurrent results for one entry, the first is accepted; the others are for an old
// version.
func TestConcurrentResultsAreAcceptedOnce(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	yes, no := m.counterResult("holder", true), m.counterResult("holder", false)
	got := w.concurrently(6, func(i int) answer {
		return w.by([]staff.Role{staff.Window, staff.Agency}[i%2], "POST", verifications, []object{yes, no}[i/2%2])
	})
	if got[""] != 1 || got[registry.EntryChanged] != 5 {
		t.Fatalf("six concurrent results: %v", got)
	}
	if s := m.passengers().Holder.Status; s != "verified" && s != "failed" {
		t.Fatalf("the holder is %s", s)
	}
	// Meanwhile the holder edits the entry.
	m = w.join()
	seen := m.counterResult("holder", true)
	edit := and(m.form, object{"version": 1, "document_number": number(890)})
	for _, field := range []string{"login_name", "password", "policy"} {
		delete(edit, field)
	}
	as[profile](t, m.call("PUT", "/v1/account", edit), http.StatusOK)
	wantProblem(t, w.by(staff.Window, "POST", verifications, seen), http.StatusConflict, registry.EntryChanged)
}

// A result with a missing field is refused.
func TestIncompleteResultsAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	for _, field := range []string{"matches", "original", "in_date", "readable"} {
		body := m.counterResult("holder", true)
		delete(body, field)
		wantProblem(t, w.by(staff.Window, "POST", verifications, body), http.StatusBadRequest, "body_malformed")
	}
	body := m.counterResult("holder", true)
	delete(body, "passenger")
	wantProblem(t, w.by(staff.Window, "POST", verifications, body), http.StatusNotFound, registry.EntryNotFound)
	delete(body, "version")
	wantProblem(t, w.by(staff.Window, "POST", verifications, and(body, m.ref("holder"))), http.StatusConflict, registry.EntryChanged)
	if s := m.passengers().Holder; s.Status != "pending" || s.Version != 1 {
		t.Fatalf("the holder is %+v", s)
	}
}

func TestB1_RareNamesNeedAProofOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	rare := func(login object) *member {
		return w.joinAs(and(login, object{"name": "測試", "phone": "13800004321"}))
	}
	m := rare(registration(900))
	wantProblem(t, w.by(staff.Agency, "POST", "/v1/counter/looks", m.ref("holder")), http.StatusConflict, rules.StationWindowOnly)
	verdict := m.counterResult("holder", true)
	if !m.viewAtCounter("holder").ProofNeeded {
		t.Error("the window does not see that a proof is needed")
	}
	with := func(kind, value string) object {
		return and(verdict, object{"proof": object{"kind": kind, "value": value}})
	}
	wantProblem(t, w.by(staff.Agency, "POST", verifications, with("phone_end", "4321")), http.StatusConflict, rules.StationWindowOnly)
	wantProblem(t, w.by(staff.Window, "POST", verifications, verdict), http.StatusForbidden, rules.ProofWrong)
	for _, form := range []object{with("phone", "4321"), with("phone_end", ""), with("phone_end", strings.Repeat("1", 33)), and(verdict, object{"proof": object{}})} {
		wantProblem(t, w.by(staff.Window, "POST", verifications, form), http.StatusBadRequest, "body_malformed")
	}
	wantEntryStatus(t, w.by(staff.Window, "POST", verifications, with("phone_end", "4321")), "verified")

	// A name with pinyin in place of a rare character needs a proof as well (rule B8).
	p := m.addPassenger(and(resident(902), object{"substituted": true})).Passenger
	if !m.viewAtCounter(p).ProofNeeded {
		t.Error("a substituted name needs no proof")
	}
	wantProblem(t, w.by(staff.Window, "POST", verifications, and(m.counterResult(p, true), object{"proof": object{"kind": "phone_end", "value": "4321"}})),
		http.StatusForbidden, rules.ProofWrong)
	number := and(m.counterResult(p, true), object{"proof": object{"kind": "holder_number", "value": m.form["document_number"]}})
	wantEntryStatus(t, w.by(staff.Window, "POST", verifications, number), "verified")

	// Concurrent guesses from many windows are limited together; then even the correct proof
	// is refused.
	m = rare(registration(901))
	verdict = m.counterResult("holder", true)
	got := w.concurrently(20, func(int) answer { return w.by(staff.Window, "POST", verifications, with("phone_end", "0000")) })
	most := throttle.DefaultRules.Document.Failures
	if got[rules.ProofWrong] != most || got[throttle.TooManyFailures] != 20-most {
		t.Fatalf("20 concurrent guesses: %v", got)
	}
	a := w.by(staff.Window, "POST", verifications, with("phone_end", "4321"))
	wantProblem(t, a, http.StatusTooManyRequests, throttle.TooManyFailures)
	if a.Header.Get("Retry-After") == "" || m.passengers().Holder.Status != "pending" {
		t.Error("the lockout has no Retry-After, or a guess changed the entry")
	}
}

func TestB10_DelegateBringsBothOriginalsOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	sent := and(m.counterResult("holder", true), object{"delegated": true})
	both := and(sent, object{"delegate_original": true})
	for _, role := range []staff.Role{staff.Window, staff.Agency} {
		wantProblem(t, w.by(role, "POST", verifications, sent), http.StatusConflict, rules.OriginalMissing)
		wantProblem(t, w.by(role, "POST", verifications, and(both, object{"original": false})), http.StatusConflict, rules.OriginalMissing)
	}
	wantEntryStatus(t, w.by(staff.Agency, "POST", verifications, both), "verified")
	v := w.joinVisitor()
	both = and(v.counterResult("holder", true), object{"delegated": true, "delegate_original": true})
	wantProblem(t, w.by(staff.Agency, "POST", verifications, both), http.StatusConflict, rules.StationWindowOnly)
	wantEntryStatus(t, w.by(staff.Window, "POST", verifications, both), "pre_verified")
}

func TestB11_OwnerGetsTheIdentityBackOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	squatter := w.join()
	person := and(registration(905), object{"document_number": squatter.form["document_number"]})
	wantProblem(t, w.call("POST", "/v1/accounts", "", person), http.StatusConflict, rules.IdentityRegistered)

	free := object{"document_type": "resident_id", "document_number": person["document_number"], "original": true, "in_date": true, "readable": true}
	const duplicates = "/v1/counter/duplicates"
	for _, c := range []struct {
		role   staff.Role
		body   object
		status int
		code   problem.Code
	}{
		{staff.Agency, free, http.StatusConflict, rules.StationWindowOnly},
		{staff.Window, and(free, object{"delegated": true}), http.StatusConflict, rules.InPersonOnly},
		{staff.Window, and(free, object{"original": false}), http.StatusConflict, rules.OriginalMissing},
		{staff.Window, and(free, object{"document_number": number(906)}), http.StatusNotFound, registry.NotRegistered},
		{staff.Window, object{"document_type": "resident_id", "document_number": person["document_number"]}, http.StatusBadRequest, "body_malformed"},
	} {
		wantProblem(t, w.by(c.role, "POST", duplicates, c.body), c.status, c.code)
	}
	wantStatusCode(t, w.by(staff.Window, "POST", duplicates, free), http.StatusNoContent)
	squatter.wantHolderStatus("failed")
	m := w.joinAs(person)
	m.wantHolderStatus("pending")
}
