package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// ticketingName is the name of the ticketing system's credential.
const ticketingName = "ticketing-7"

// codeOf returns the current code of a hosted session.
func (w *system) codeOf(h *holder, s session) string {
	w.t.Helper()
	return as[struct{ Text string }](w.t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK).Text
}

// code returns an account code for the ticketing system.
func (m *member) code() string {
	m.w.t.Helper()
	return as[struct{ Code string }](m.w.t, m.call("POST", "/v1/account/codes", object{"client": ticketingName}), http.StatusCreated).Code
}

// callIdentificationOperations calls the operations that identify persons and accounts.
func callIdentificationOperations(w *system) {
	h := w.apply()
	code := w.codeOf(h, h.openHosted(h.passCheck()))
	thief := tokentest.Issuer{ID: w.keys.IssuerID, Signer: w.keys.Issuer}
	session := thief.Open(4000, w.clock.Now().Unix())
	stolen := session.Code(0)
	good := object{"code": code, "purpose": "verify"}
	w.sendInvalid("POST", "/v1/identifications", w.staffOf[staff.Window], good)
	for _, body := range []object{good, and(good, object{"code": "no code"}), and(good, object{"purpose": "exchange"}), and(good, object{"code": stolen.Text()})} {
		w.by(staff.Window, "POST", "/v1/identifications", body)
	}
	w.by(staff.Agency, "POST", "/v1/identifications", and(good, object{"purpose": "refund"}))
	w.by(staff.Operator, "POST", "/v1/identifications", good)

	persons := object{"day": w.clock.Now().Unix() / 86400, "persons": []object{{"document_type": "resident_id", "document_number": testNumber}}}
	w.sendInvalid("POST", "/v1/subjects", w.staffOf[staff.Ticketing], persons)
	w.by(staff.Ticketing, "POST", "/v1/subjects", persons)
	w.by(staff.Ticketing, "POST", "/v1/subjects", and(persons, object{"day": 1}))

	m := w.join()
	w.call("POST", "/v1/account/codes", "", object{"client": ticketingName})
	m.call("POST", "/v1/account/codes", "[]")
	m.call("POST", "/v1/account/codes", object{"client": "unknown"})
	made := object{"code": m.code()}
	w.sendInvalid("POST", "/v1/account-codes", w.staffOf[staff.Ticketing], made)
	w.by(staff.Ticketing, "POST", "/v1/account-codes", made)
	w.by(staff.Ticketing, "POST", "/v1/account-codes", made)
	w.accounts.Policy = "2026-02"
	m.call("POST", "/v1/account/codes", object{"client": ticketingName})
	w.accounts.Policy = testPolicy
}

// callExceptionOperations calls the operations on exceptions from passback.
func callExceptionOperations(w *system) {
	h, revoked := w.apply(), w.apply()
	h.passCheck()
	revoked.passCheck()
	w.call("POST", "/v1/credentials/"+revoked.Serial+"/revoke", w.staff, object{"reason": "fraud"})
	forgive := object{"serial": h.Serial, "reason": "gate_fault"}
	w.sendInvalid("POST", "/v1/passages/forgive", w.staff, forgive)
	w.by(staff.Agency, "POST", "/v1/passages/forgive", forgive)
	for _, body := range []object{forgive, and(forgive, object{"reason": "whim"}), and(forgive, object{"serial": "1-1"}), and(forgive, object{"serial": revoked.Serial})} {
		w.by(staff.Window, "POST", "/v1/passages/forgive", body)
	}

	amnesty := w.amnesty("北京南")
	w.sendInvalid("POST", "/v1/amnesties", w.staffOf[staff.Police], amnesty)
	for _, body := range []object{amnesty, and(amnesty, object{"reason": "whim"}), and(amnesty, object{"scopes": []string{"sale"}}), w.amnesty("*")} {
		w.by(staff.Police, "POST", "/v1/amnesties", body)
	}
	for _, token := range []string{w.staffOf[staff.Window], w.staffOf[staff.Agency], ""} {
		w.call("GET", "/v1/amnesties", token, nil)
	}
	w.sendInvalid("POST", "/v1/amnesties/1/end", w.staffOf[staff.Police], object{})
	for range 2 {
		w.by(staff.Police, "POST", "/v1/amnesties/1/end", object{})
	}
	w.by(staff.Police, "POST", "/v1/amnesties/999/end", object{})
	w.by(staff.Window, "POST", "/v1/amnesties/1/end", object{})
	many := make([]string, credential.MaxAmnestyStations)
	for i := range many {
		many[i] = "station " + strconv.Itoa(i)
	}
	w.by(staff.Police, "POST", "/v1/amnesties", w.amnesty(many...)) // beyond the budget of a minute
	_, err := w.outbox.Database().Writer().Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
		INSERT INTO amnesties (station, name, scopes, from_s, until_s, reason, who, at_ms, sent_ms)
		SELECT CAST(printf('%08d', i) AS BLOB), 'station', 32, 0, $1, 'drill', 'police-7', 0, 0 FROM n`, w.clock.Now().Unix()+60)
	runtest.Must(w.t, err)
	w.by(staff.Operator, "POST", "/v1/amnesties", w.amnesty("上海虹桥"))
}

// amnesty is the body that declares one of two hours.
func (w *system) amnesty(stations ...string) object {
	return object{"scopes": []string{"entry", "exit"}, "stations": stations, "ends_at": w.clock.Now().Unix() + 7200, "reason": "crowding"}
}

// A clerk forgives a passenger whom a gate refuses, and the police desk releases the gates
// of its station: what they get back, and what gateways get.
func TestStaffDeclareExceptionsFromPassback(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	h.passCheck()
	now := w.clock.Now()
	forgiven := as[struct {
		Serial     string
		AcceptedAt int64 `json:"accepted_at_ms"`
	}](t, w.by(staff.Window, "POST", "/v1/passages/forgive", object{"serial": h.Serial, "reason": "gate_fault"}), http.StatusAccepted)
	if forgiven.Serial != h.Serial || forgiven.AcceptedAt != now.UnixMilli() {
		t.Errorf("forgiven: %+v", forgiven)
	}
	type declared struct {
		AcceptedAt int64 `json:"accepted_at_ms"`
		StartsAt   int64 `json:"starts_at"`
		EndsAt     int64 `json:"ends_at"`
	}
	want := declared{now.UnixMilli(), now.Unix(), now.Unix() + 7200}
	if got := as[declared](t, w.by(staff.Police, "POST", "/v1/amnesties", w.amnesty("北京南", "上海虹桥")), http.StatusAccepted); got != want {
		t.Errorf("declared: %+v, want %+v", got, want)
	}
	wantProblem(t, w.by(staff.Police, "POST", "/v1/amnesties", w.amnesty("*")), http.StatusForbidden, staff.ForbiddenRole)
	// An omitted start is now; an explicit 0 is a time, and too early.
	wantProblem(t, w.by(staff.Police, "POST", "/v1/amnesties", and(w.amnesty("北京南"), object{"starts_at": 0})), http.StatusUnprocessableEntity, credential.AmnestyInvalid)
	as[declared](t, w.by(staff.Operator, "POST", "/v1/amnesties", and(w.amnesty("*"), object{"scopes": []string{"exit"}})), http.StatusAccepted)

	serial, err := tokens.ParseSerial(h.Serial)
	runtest.Must(t, err)
	both, exit := tokens.Scopes(tokens.Entry|tokens.Exit), tokens.Scopes(tokens.Exit)
	amnesty := func(scopes tokens.Scopes, station revocation.Station) revocation.Record {
		return revocation.Record{Kind: revocation.KindAmnesty, At: now.UnixMilli(), Scopes: scopes, Station: station, From: want.StartsAt, Until: want.EndsAt}
	}
	records := map[revocation.Record]bool{
		{Kind: revocation.KindForgive, At: now.UnixMilli(), Serial: serial}: true,
		amnesty(both, revocation.StationOf("北京南")):                          true, amnesty(both, revocation.StationOf("上海虹桥")): true, amnesty(exit, revocation.Station{}): true,
	}
	for p := range w.outbox.Partitions() {
		for _, r := range issuerdb.Drain(t, w.outbox, p) {
			if r.Kind == revocation.KindForgive || r.Kind == revocation.KindAmnesty {
				if !records[r] {
					t.Errorf("published: %+v", r)
				}
				delete(records, r)
			}
		}
	}
	if len(records) != 0 {
		t.Errorf("not published: %+v", records)
	}

	list := func() string {
		return fmt.Sprint(as[struct {
			Amnesties []struct {
				ID      string
				Station string
				Scopes  []string
				By      string
			}
		}](t, w.by(staff.Window, "GET", "/v1/amnesties", nil), http.StatusOK).Amnesties)
	}
	if got := list(); got != "[{1 北京南 [entry exit] police-7} {2 上海虹桥 [entry exit] police-7} {3 * [exit] operator-7}]" {
		t.Errorf("the list is %s", got)
	}
	w.clock.Move(time.Minute)
	ended := declared{want.AcceptedAt + 60_000, want.StartsAt, want.StartsAt + 60}
	for range 2 {
		if got := as[declared](t, w.by(staff.Police, "POST", "/v1/amnesties/1/end", object{}), http.StatusAccepted); got != ended {
			t.Errorf("ended: %+v, want %+v", got, ended)
		}
	}
	wantProblem(t, w.by(staff.Police, "POST", "/v1/amnesties/3/end", object{}), http.StatusForbidden, staff.ForbiddenRole)
	wantProblem(t, w.by(staff.Police, "POST", "/v1/amnesties/4/end", object{}), http.StatusNotFound, credential.AmnestyNotFound)
	if got := list(); got != "[{2 上海虹桥 [entry exit] police-7} {3 * [exit] operator-7}]" {
		t.Errorf("after an end, the list is %s", got)
	}
}

// exceedAllowances exceeds the allowances of staff credentials for personal data.
func exceedAllowances(t *testing.T, w *system) {
	w.by(staff.Window, "POST", "/v1/identifications", object{"code": "no code", "purpose": "verify"})
	a := w.by(staff.Window, "POST", "/v1/identifications", object{"code": "no code", "purpose": "verify"})
	wantProblem(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	// Viewing checked entries for a correction counts too; viewing entries that wait for a
	// check does not.
	document := object{"document_type": "resident_id", "document_number": testNumber}
	a = w.by(staff.Window, "POST", "/v1/counter/searches", and(document, object{"purpose": "correction"}))
	wantProblem(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	a = w.by(staff.Window, "POST", "/v1/counter/looks", object{"account": "acc_00112233445566778899aabbccddeeff", "passenger": "holder", "purpose": "correction"})
	wantProblem(t, a, http.StatusTooManyRequests, staff.IdentificationsSpent)
	wantStatusCode(t, w.by(staff.Window, "POST", "/v1/counter/searches", document), http.StatusOK)
	persons := object{"day": w.clock.Now().Unix() / 86400, "persons": []object{{"document_type": "resident_id", "document_number": testNumber}}}
	w.by(staff.Ticketing, "POST", "/v1/subjects", persons)
	wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/subjects", persons), http.StatusTooManyRequests, staff.SubjectsSpent)
}

// The body with a thousand persons exceeds the usual limit: it is accepted with a staff
// credential and at that path only.
func TestOnlyStaffMaySendLargeBodies(t *testing.T) {
	w := newSystem(t, setup{})
	persons := slices.Repeat([]object{{"document_type": "resident_id", "document_number": testNumber}}, 1000)
	body := object{"day": w.clock.Now().Unix() / 86400, "persons": persons}
	got := as[struct{ Subjects []string }](t, w.by(staff.Ticketing, "POST", "/v1/subjects", body), http.StatusOK)
	if len(got.Subjects) != len(persons) {
		t.Fatalf("%d pseudonyms, want %d", len(got.Subjects), len(persons))
	}
	wantProblem(t, w.call("POST", "/v1/subjects", "", body), http.StatusUnauthorized, staff.Unknown)
	wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/tickets", body), http.StatusRequestEntityTooLarge, "body_too_large")
	body["persons"] = slices.Repeat(persons, 3)
	wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/subjects", body), http.StatusRequestEntityTooLarge, "body_too_large")
}

// Every datum of a person is a mark. The person is identified, listed and handed over, with
// and without a database fault. Only responses to authorized callers contain the marks.
func TestIdentifyingLeavesNoTrace(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.applyAs(and(form(), object{"name": "标记人", "document_number": number(940)}))
	code := w.codeOf(h, h.openHosted(h.passCheck()))
	m := w.joinAs(and(registration(940), object{"name": "标记人"}))
	m.verifyAtCounter("holder")
	event := m.purchase("MARKTICKET", "holder")
	event["issued"].([]object)[0]["journey"] = and(w.journey(), object{"train": "MARKTRAIN", "from": "MarkedSouth"})
	w.reportTickets(event)
	handover := m.code()
	day := w.clock.Now().Unix() / 86400
	from := len(w.answers)
	authorized := map[string]bool{} // request ids whose responses may contain a mark
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
		authorized[a.Header.Get("X-Request-Id")] = a.Status == http.StatusOK && r.path == "/v1/identifications"
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
	w.wantUnmarked(marks, map[string]string{"log": logs, "database": raw}, w.answers[from:], func(a answer) bool { return authorized[a.Header.Get("X-Request-Id")] })
	shown := 0
	for _, a := range w.answers[from:] {
		if strings.Contains(string(a.Body), "标记人") && strings.Contains(string(a.Body), "MARKTICKET-0") && !strings.Contains(string(a.Body), number(940)) {
			shown++
		}
	}
	if shown != 1 {
		t.Errorf("%d responses show the person, want 1", shown)
	}
}

// Staff revoke and unrevoke. A repetition gets the first response and does not wake the
// publisher.
func TestRevokeAndUnrevoke(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.openHosted(h.passCheck())
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
		t.Fatalf("the revocation was accepted as %+v", first)
	}
	if drain(w.woken) != 1 {
		t.Fatal("the publisher was not woken once")
	}
	w.clock.Move(time.Second)
	if again := revoke(); again != first || drain(w.woken) != 0 {
		t.Fatalf("the repetition was accepted as %+v", again)
	}
	h.wantStatus("revoked")
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.CredentialRevoked)
	wantProblem(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusConflict, credential.CredentialRevoked)

	undone := as[accepted](t, w.call("POST", "/v1/credentials/"+h.Serial+"/unrevoke", w.staff, object{}), http.StatusAccepted)
	if undone.At != w.clock.Now().UnixMilli() || drain(w.woken) != 1 {
		t.Fatalf("the unrevocation was accepted as %+v", undone)
	}
	wantStatusCode(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
	for _, serial := range []string{"20494-999", "1-1", "x", "020494-0", strings.Split(h.Serial, "-")[0] + "-2147483648"} {
		wantProblem(t, w.call("POST", "/v1/credentials/"+serial+"/revoke", w.staff, object{"reason": "staff"}), http.StatusNotFound, credential.CredentialNotFound)
	}
	wantProblem(t, w.call("POST", "/v1/credentials/"+h.Serial+"/revoke", w.staff, object{"reason": "whim"}), http.StatusUnprocessableEntity, credential.ReasonInvalid)
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
