package httpapi_test

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// heldRegistry is what the holder is shown of the registry.
type heldRegistry struct {
	Registry struct {
		Holder       entry
		FailedProofs struct{ Failures int } `json:"failed_proofs"`
		Passengers   []struct {
			entry
			AddedAt      int64 `json:"added_at"`
			Policy       string
			AgreedAt     int64                  `json:"agreed_at"`
			FailedProofs struct{ Failures int } `json:"failed_proofs"`
		}
		Tickets []struct {
			Passenger, State string
			Order, Reference string
			ReportedAt       int64 `json:"reported_at"`
			EndsAt           int64 `json:"ends_at"`
			Journey          *struct{ Train, From, To, Coach, Seat string }
		}
	}
}

// Rule B12: a person can see what is held, the registry's part too.
func TestB12_TheRegistryShowsWhatIsHeld(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.joinAs(and(registration(920), object{"name": "測試"}))
	now := w.clock.Now().Unix()
	guess := and(m.verdict("holder", true), object{"proof": object{"kind": "email_start", "value": "xyz"}})
	refused(t, w.by(staff.Window, "POST", verifications, guess), http.StatusForbidden, rules.ProofWrong)
	right := and(guess, object{"proof": object{"kind": "email_start", "value": "PAS"}})
	as[entry](t, w.by(staff.Window, "POST", verifications, right), http.StatusOK)
	p := m.adds(visitor(921))
	w.reports(m.buys("H", "holder", p.Passenger))
	w.reports(object{"kind": "refunded", "ticket": "H-1"})

	r := as[heldRegistry](t, m.call("GET", "/v1/account/data", nil), http.StatusOK).Registry
	if r.Holder.Name != "測試" || r.Holder.Number != number(920) || r.Holder.Status != "verified" || r.Holder.Tickets != 2 || r.FailedProofs.Failures != 1 {
		t.Errorf("holder %+v, failed proofs %+v", r.Holder, r.FailedProofs)
	}
	if len(r.Passengers) != 1 {
		t.Fatalf("passengers %+v", r.Passengers)
	}
	if l := r.Passengers[0]; l.Passenger != p.Passenger || l.Number != "P0000921" || l.Tickets != 1 || l.Policy != testPolicy || l.AgreedAt != now || l.AddedAt != now {
		t.Errorf("passenger %+v", l)
	}
	if len(r.Tickets) != 2 || r.Tickets[0].ReportedAt != now || r.Tickets[0].EndsAt != now+48*3600 {
		t.Fatalf("tickets %+v", r.Tickets)
	}
	for _, ticket := range r.Tickets {
		if want := map[string]string{"holder": "valid", p.Passenger: "refunded"}[ticket.Passenger]; ticket.State != want {
			t.Errorf("ticket %+v", ticket)
		}
		if j := ticket.Journey; ticket.Order != "H" || !strings.HasPrefix(ticket.Reference, "H-") || j == nil || j.Train != "G101" || j.From != "北京南" || j.Seat != "12F" {
			t.Errorf("ticket %+v, journey %+v", ticket, j)
		}
	}
	if other := as[heldRegistry](t, w.join().call("GET", "/v1/account/data", nil), http.StatusOK).Registry; len(other.Passengers)+len(other.Tickets) != 0 {
		t.Errorf("another account holds %+v", other)
	}
}

// People whose every datum is a mark, and a ticket with a marked reference, sent
// through every operation of the registry, in good requests and bad ones, by who
// may and who may not, and into a fault. Only the holder, and who looks at an
// entry, is told what was entered.
func TestRegistryLeavesNoTrace(t *testing.T) {
	w := newWorld(t, setup{})
	marks := []string{"Markholder", "Markpassenger", "H1234", "P5678", "MARKTICKET", "mark.person", "87654321", "Marked Wrong", "MarkedSouth", "MARKTRAIN"}
	m := w.joinAs(and(registration(930), object{
		"name": "Markholder 測", "document_type": "passport", "document_number": "H1234", "nationality": "NZL", "phone": "13887654321", "email": "mark.person@example.org",
	}))
	guest := and(visitor(1), object{"name": "Markpassenger 測", "document_number": "P5678"})
	p := m.adds(guest).Passenger
	proof := object{"proof": object{"kind": "holder_number", "value": "H1234"}}
	wrong := object{"proof": object{"kind": "holder_number", "value": "Marked Wrong"}}
	shown := object{"document_type": "passport", "document_number": "P5678", "nationality": "NZL"}
	as := and(shown, and(m.ref(p), object{"version": 3, "name": "Markpassenger Markright", "original": true, "in_date": true, "readable": true}))
	claim := and(as, object{"version": 1, "proof": object{"kind": "email_start", "value": "mar"}})
	delete(claim, "passenger")
	bought := m.buys("MARKTICKET", "holder", p)
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
		{staff.Ticketing, "POST", "/v1/decisions", m.toBuy("holder", p)},
		{staff.Ticketing, "POST", "/v1/tickets", bought},
		{staff.Ticketing, "POST", "/v1/decisions", object{"kind": "refund_online", "account": m.Account, "ticket": "MARKTICKET-0"}},
		{staff.Ticketing, "POST", "/v1/tickets", object{"kind": "cancelled", "ticket": "MARKTICKET-0"}},
		{staff.Ticketing, "POST", "/v1/tickets", object{"kind": "refunded", "ticket": "MARKTICKET-0"}},
		{staff.Window, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "refund"}},
		{staff.Window, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "refund", "original": true, "order": "MARKORDER"}},
		{staff.Machine, "POST", "/v1/counter/services", object{"ticket": "MARKTICKET-0", "service": "exchange", "original": true, "card": object{"name": "Markholder", "document_number": "H1234"}}},
		{staff.Window, "POST", "/v1/counter/searches", shown},
		{staff.Window, "POST", "/v1/counter/looks", m.ref(p)},
		{staff.Window, "POST", verifications, and(m.verdict(p, true), wrong)},
		{staff.Window, "POST", verifications, and(m.verdict(p, true), proof)},
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
		{staff.Operator, "GET", "/v1/trail", nil},
		{"", "DELETE", listPath + "/" + p, nil},
	}
	from := len(w.answers)
	told := map[string]bool{} // what may show a mark: answers that are given to who may see
	for _, r := range requests {
		token := m.Token
		if r.role != "" {
			token = w.staffOf[r.role]
		}
		var body any
		if r.good != nil {
			body = r.good
		}
		a := w.call(r.method, r.path, token, body)
		if strings.HasPrefix(r.path, listPath) || strings.HasSuffix(r.path, "/looks") {
			told[a.Header.Get("X-Request-Id")] = a.Status < 300
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
	w.store.Close()
	for _, r := range requests {
		token := m.Token
		if r.role != "" {
			token = w.staffOf[r.role]
		}
		var body any
		if r.good != nil {
			body = r.good
		}
		if a := w.call(r.method, r.path, token, body); a.Status < 400 || r.role != "" && a.Status != http.StatusInternalServerError && !strings.Contains(r.path, "duplicates") {
			t.Errorf("%s %s into a closed database: %d %s", r.method, r.path, a.Status, a.Body)
		}
	}
	resp, err := http.Get(w.admin.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(metrics), "/v1/counter/looks") {
		t.Fatalf("metrics: %v", err)
	}
	logs := w.logs.String()
	if strings.Count(logs, `"request"`) < 200 || !strings.Contains(logs, "request failed") || !strings.Contains(raw, m.Account) || !strings.Contains(raw, p) {
		t.Fatal("the log or the database is not what this test believes it to be")
	}
	if len(told) < 4 {
		t.Fatalf("%d answers tell what was entered", len(told))
	}
	for _, mark := range marks {
		for what, text := range map[string]string{"log": logs, "metrics": string(metrics), "database": raw} {
			if strings.Contains(text, mark) {
				t.Errorf("%q is in the %s", mark, what)
			}
		}
		for _, a := range w.answers[from:] {
			if strings.Contains(string(a.Body), mark) && !told[a.Header.Get("X-Request-Id")] && !(a.Status < 300 && strings.Contains(string(a.Body), `"agreed_at"`)) {
				t.Errorf("%q is in the answer %d %s", mark, a.Status, a.Body)
			}
		}
	}
}
