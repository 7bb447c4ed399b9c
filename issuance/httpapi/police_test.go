package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens/tokentest"
)

// ticketingName is the credential's of the ticketing system.
const ticketingName = "ticketing-7"

// codeOf is what a hosted session shows now.
func (w *system) codeOf(h *holder, s session) string {
	w.t.Helper()
	return as[struct{ Text string }](w.t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK).Text
}

// code makes an account code for the ticketing system.
func (m *member) code() string {
	m.w.t.Helper()
	return as[struct{ Code string }](m.w.t, m.call("POST", "/v1/account/codes", object{"client": ticketingName}), http.StatusCreated).Code
}

// personsWays goes where staff come to a person, and a ticketing system to an account.
func personsWays(w *system) {
	h := w.apply()
	code := w.codeOf(h, h.host(h.pass()))
	thief := tokentest.Issuer{ID: w.keys.IssuerID, Signer: w.keys.Issuer}
	session := thief.Open(4000, w.clock.Now().Unix())
	stolen := session.Code(0)
	good := object{"code": code, "purpose": "verify"}
	w.forms("POST", "/v1/identifications", w.staffOf[staff.Window], good)
	for _, body := range []object{good, and(good, object{"code": "no code"}), and(good, object{"purpose": "exchange"}), and(good, object{"code": stolen.Text()})} {
		w.by(staff.Window, "POST", "/v1/identifications", body)
	}
	w.by(staff.Agency, "POST", "/v1/identifications", and(good, object{"purpose": "refund"}))
	w.by(staff.Operator, "POST", "/v1/identifications", good)

	persons := object{"day": w.clock.Now().Unix() / 86400, "persons": []object{{"document_type": "resident_id", "document_number": testNumber}}}
	w.forms("POST", "/v1/subjects", w.staffOf[staff.Ticketing], persons)
	w.by(staff.Ticketing, "POST", "/v1/subjects", persons)
	w.by(staff.Ticketing, "POST", "/v1/subjects", and(persons, object{"day": 1}))

	m := w.join()
	w.call("POST", "/v1/account/codes", "", object{"client": ticketingName})
	m.call("POST", "/v1/account/codes", "[]")
	m.call("POST", "/v1/account/codes", object{"client": "nobody"})
	made := object{"code": m.code()}
	w.forms("POST", "/v1/account-codes", w.staffOf[staff.Ticketing], made)
	w.by(staff.Ticketing, "POST", "/v1/account-codes", made)
	w.by(staff.Ticketing, "POST", "/v1/account-codes", made)
	w.accounts.Policy = "2026-02"
	m.call("POST", "/v1/account/codes", object{"client": ticketingName})
	w.accounts.Policy = testPolicy
}

// learnsTooMuch is a credential that has spent what it may learn of passengers.
func learnsTooMuch(t *testing.T, w *system) {
	w.by(staff.Window, "POST", "/v1/identifications", object{"code": "no code", "purpose": "verify"})
	a := w.by(staff.Window, "POST", "/v1/identifications", object{"code": "no code", "purpose": "verify"})
	refused(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	// Checked entries are another way to persons; those that wait for the counter are not.
	document := object{"document_type": "resident_id", "document_number": testNumber}
	a = w.by(staff.Window, "POST", "/v1/counter/searches", and(document, object{"purpose": "correction"}))
	refused(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	a = w.by(staff.Window, "POST", "/v1/counter/looks", object{"account": "acc_00112233445566778899aabbccddeeff", "passenger": "holder", "purpose": "correction"})
	refused(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	hasStatus(t, w.by(staff.Window, "POST", "/v1/counter/searches", document), http.StatusOK)
	persons := object{"day": w.clock.Now().Unix() / 86400, "persons": []object{{"document_type": "resident_id", "document_number": testNumber}}}
	w.by(staff.Ticketing, "POST", "/v1/subjects", persons)
	refused(t, w.by(staff.Ticketing, "POST", "/v1/subjects", persons), http.StatusTooManyRequests, staff.SubjectsSpent)
}

// A body of a thousand persons is larger than all others: only who holds a staff
// credential may send one, and only there.
func TestOnlyStaffSendLongLists(t *testing.T) {
	w := newSystem(t, setup{})
	persons := slices.Repeat([]object{{"document_type": "resident_id", "document_number": testNumber}}, 1000)
	body := object{"day": w.clock.Now().Unix() / 86400, "persons": persons}
	got := as[struct{ Subjects []string }](t, w.by(staff.Ticketing, "POST", "/v1/subjects", body), http.StatusOK)
	if len(got.Subjects) != len(persons) {
		t.Fatalf("%d pseudonyms", len(got.Subjects))
	}
	refused(t, w.call("POST", "/v1/subjects", "", body), http.StatusUnauthorized, staff.Unknown)
	refused(t, w.by(staff.Ticketing, "POST", "/v1/tickets", body), http.StatusRequestEntityTooLarge, "body_too_large")
	body["persons"] = slices.Repeat(persons, 3)
	refused(t, w.by(staff.Ticketing, "POST", "/v1/subjects", body), http.StatusRequestEntityTooLarge, "body_too_large")
}

// A person whose every datum is a mark, identified, listed, and handed over; and into a
// fault. Only answers to authorized callers contain the marks.
func TestIdentifyingLeavesNoTrace(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.applyAs(and(form(), object{"name": "标记人", "document_number": number(940)}))
	code := w.codeOf(h, h.host(h.pass()))
	m := w.joinAs(and(registration(940), object{"name": "标记人"}))
	m.checked("holder")
	event := m.buys("MARKTICKET", "holder")
	event["issued"].([]object)[0]["journey"] = and(w.journey(), object{"train": "MARKTRAIN", "from": "MarkedSouth"})
	w.reports(event)
	handover := m.code()
	day := w.clock.Now().Unix() / 86400
	from := len(w.answers)
	told := map[string]bool{}
	requests := []struct {
		role staff.Role
		path string
		body object
	}{
		{staff.Window, "/v1/identifications", object{"code": code, "purpose": "refund"}},
		{staff.Window, "/v1/identifications", object{"code": "Markperson " + number(940), "purpose": "refund"}},
		{staff.Window, "/v1/identifications", object{"code": code, "purpose": "Markperson"}},
		{staff.Agency, "/v1/identifications", object{"code": code, "purpose": "refund"}},
		{staff.Ticketing, "/v1/subjects", object{"day": day, "persons": []object{{"document_type": "resident_id", "document_number": number(940)}}}},
		{staff.Ticketing, "/v1/subjects", object{"day": day, "persons": []object{{"document_type": "Markperson", "document_number": number(940) + "1"}}}},
		{staff.Ticketing, "/v1/account-codes", object{"code": handover}},
		{staff.Ticketing, "/v1/account-codes", object{"code": handover}},
	}
	for _, r := range requests {
		a := w.by(r.role, "POST", r.path, r.body)
		told[a.Header.Get("X-Request-Id")] = a.Status == http.StatusOK && r.path == "/v1/identifications"
		w.by(r.role, "POST", r.path+"/Markperson", r.body)
		w.by(r.role, "POST", r.path, and(r.body, object{"Markperson": 1}))
	}
	raw := w.databaseFiles()
	w.outbox.Close()
	for _, r := range requests {
		w.by(r.role, "POST", r.path, r.body)
	}
	logs := w.logs.String()
	marks := []string{"标记人", "Markperson", number(940), "MARKTICKET", "MARKTRAIN", "MarkedSouth", handover, code, code[4:60]}
	w.unmarked(marks, map[string]string{"log": logs, "database": raw}, w.answers[from:], func(a answer) bool { return told[a.Header.Get("X-Request-Id")] })
	shown := 0
	for _, a := range w.answers[from:] {
		if strings.Contains(string(a.Body), "标记人") && strings.Contains(string(a.Body), "MARKTICKET-0") && !strings.Contains(string(a.Body), number(940)) {
			shown++
		}
	}
	if shown != 1 {
		t.Errorf("the person was shown %d times", shown)
	}
}

// Staff revoke and lift; a repetition gets the first answer and wakes nobody.
func TestRevocation(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	drain(w.woken)
	type accepted struct {
		Serial string
		At     int64 `json:"accepted_at_ms"`
	}
	revoke := func() accepted {
		return as[accepted](t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "lost_phone"}), http.StatusAccepted)
	}
	first := revoke()
	if first.Serial != h.Serial || first.At != w.clock.Now().UnixMilli() {
		t.Fatalf("accepted %+v", first)
	}
	if drain(w.woken) != 1 {
		t.Fatal("the publisher was not woken once")
	}
	w.clock.Move(time.Second)
	if again := revoke(); again != first || drain(w.woken) != 0 {
		t.Fatalf("again %+v", again)
	}
	h.hasStatus("revoked")
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.CredentialRevoked)
	refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusConflict, credential.CredentialRevoked)

	lifted := as[accepted](t, w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staff, object{}), http.StatusAccepted)
	if lifted.At != w.clock.Now().UnixMilli() || drain(w.woken) != 1 {
		t.Fatalf("lifted %+v", lifted)
	}
	hasStatus(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
	for _, serial := range []string{"20494-999", "1-1", "x", "020494-0", strings.Split(h.Serial, "-")[0] + "-2147483648"} {
		refused(t, w.call("POST", "/v1/credentials/"+serial+"/revoke", w.staff, object{"reason": "staff"}), http.StatusNotFound, credential.CredentialNotFound)
	}
	refused(t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "whim"}), http.StatusUnprocessableEntity, credential.ReasonInvalid)
}

func drain(c chan struct{}) (n int) {
	for {
		select {
		case <-c:
			n++
		default:
			return n
		}
	}
}
