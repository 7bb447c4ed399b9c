package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// decision is a decision of the rules.
type decision struct {
	Allowed bool
	First   string
	Refused *struct {
		Code     problem.Code
		Detail   string
		Text     map[string]string
		NextStep map[string]string `json:"next_step"`
	}
}

// wantDecision asserts the decision of a question; an empty code means allowed.
func (w *system) wantDecision(role staff.Role, path string, question object, code problem.Code) decision {
	w.t.Helper()
	d := as[decision](w.t, w.by(role, "POST", path, question), http.StatusOK)
	switch {
	case d.Allowed != (code == "") || d.Allowed != (d.Refused == nil):
		w.t.Fatalf("%v: %+v, want %q", question, d, code)
	case d.Refused != nil && d.Refused.Code != code:
		w.t.Fatalf("%v: refused with %s, want %s", question, d.Refused.Code, code)
	case d.Refused != nil && (d.Refused.Detail == "" || d.Refused.Text["zh"] == "" || d.Refused.Text["en"] == "" || d.Refused.NextStep["zh"] == ""):
		w.t.Fatalf("%v: the refusal has an empty text: %+v", question, d.Refused)
	}
	return d
}

func (w *system) wantTicketingDecision(question object, code problem.Code) decision {
	w.t.Helper()
	return w.wantDecision(staff.Ticketing, "/v1/decisions", question, code)
}

func (m *member) buyQuestion(passengers ...string) object {
	return object{"kind": "buy", "account": m.Account, "for": passengers}
}

// A ticketing system asks before it sells.
func TestB5_PurchaseDecisionsOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	w.wantTicketingDecision(m.buyQuestion("holder"), rules.AccountUnverified)
	m.verifyAtCounter("holder")
	p := m.addPassenger(resident(850)).Passenger
	w.wantTicketingDecision(m.buyQuestion("holder"), "")
	w.wantTicketingDecision(m.buyQuestion("holder", p), rules.PassengerStatus)
	m.verifyAtCounter(p)
	w.wantTicketingDecision(m.buyQuestion("holder", p), "")
	w.reportTickets(m.purchase("A", "holder", p))
	if l := m.passengers(); l.Holder.Tickets != 2 || l.Passengers[0].Tickets != 1 {
		t.Fatalf("after the purchase %+v", l)
	}
	// An omitted name refers to no passenger, and another account's passenger cannot be
	// named.
	other := w.join()
	for _, passenger := range []any{"", p, "psg_x", "HOLDER"} {
		wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/decisions", object{"kind": "buy", "account": other.Account, "for": []any{passenger}}),
			http.StatusNotFound, registry.EntryNotFound)
	}
	forgotten := m.purchase("B", "holder")
	delete(forgotten["issued"].([]object)[0], "passenger")
	wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/tickets", forgotten), http.StatusNotFound, registry.EntryNotFound)
}

// Concurrent terminals sell to one to-be-submitted account, and each reports everything
// twice: at most twenty tickets in total and four per passenger.
func TestB5_TicketLimitsHoldConcurrentlyOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.joinVisitor()
	who := []string{"holder"}
	for n := range 5 {
		who = append(who, v.addPassenger(visitor(860+n)).Passenger)
	}
	got := w.concurrently(100, func(i int) answer {
		return w.by(staff.Ticketing, "POST", "/v1/tickets", v.purchase(fmt.Sprintf("M%d", i/2), who[i/2%len(who)]))
	})
	l := v.passengers()
	total := l.Holder.Tickets
	if total != 20 || got[""] != 40 || got[rules.AccountTicketLimit]+got[rules.PassengerTicketLimit] != 60 {
		t.Fatalf("%d tickets, answers %v", total, got)
	}
	for _, p := range l.Passengers {
		if p.Tickets > 4 {
			t.Errorf("%d tickets for one passenger", p.Tickets)
		}
	}
	w.wantTicketingDecision(v.buyQuestion("holder"), rules.AccountTicketLimit)
}

func TestTicketsAreReportedOnce(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.joinVisitor()
	other := w.joinVisitor()
	bought := v.purchase("R", "holder")
	w.reportTickets(bought)
	w.reportTickets(bought)
	ends := w.clock.Now().Add(72 * time.Hour).Unix()
	change := object{"kind": "changed", "order": "E2", "ticket": "R-0", "issued": []object{{"reference": "R2", "ends_at": ends}}}
	w.reportTickets(change)
	w.reportTickets(change)
	for range 2 {
		w.reportTickets(object{"kind": "cancelled", "ticket": "R2"})
	}
	for range 2 {
		w.reportTickets(object{"kind": "refunded", "ticket": "R2"})
	}
	w.reportTickets(object{"kind": "cancelled", "ticket": "R2"})
	if l := v.passengers(); l.Holder.Tickets != 2 { // one bought, and one issued by its change
		t.Fatalf("%d tickets are counted", l.Holder.Tickets)
	}
	for _, c := range []struct {
		event  object
		status int
		code   problem.Code
	}{
		{object{"kind": "refunded", "ticket": "R-0"}, http.StatusConflict, registry.TicketConflict},
		{and(other.purchase("R", "holder"), object{}), http.StatusConflict, registry.TicketConflict},
		{object{"kind": "refunded", "ticket": "R3"}, http.StatusNotFound, registry.TicketUnknown},
		{and(change, object{"issued": []object{{"reference": "R2", "ends_at": ends, "passenger": "holder"}}}), http.StatusUnprocessableEntity, registry.EventInvalid},
		{object{"kind": "cancelled", "ticket": "R-0"}, http.StatusConflict, registry.TicketConflict},
		{object{"kind": "cancelled", "ticket": "R2", "order": "E2"}, http.StatusUnprocessableEntity, registry.EventInvalid},
		{and(bought, object{"order": "E9"}), http.StatusConflict, registry.TicketConflict},
		{and(change, object{"issued": []object{{"reference": "R2", "ends_at": ends, "journey": w.journey()}}}), http.StatusConflict, registry.TicketConflict},
		{and(change, object{"issued": []object{{"reference": "R2", "ends_at": ends, "journey": and(w.journey(), object{"seat": ""})}}}), http.StatusUnprocessableEntity, registry.EventInvalid},
		{and(bought, object{"ticket": "R-0"}), http.StatusUnprocessableEntity, registry.EventInvalid},
		{and(bought, object{"kind": "stolen"}), http.StatusUnprocessableEntity, registry.EventInvalid},
		{and(bought, object{"account": ""}), http.StatusBadRequest, "body_malformed"},
		{and(bought, object{"order": ""}), http.StatusBadRequest, "body_malformed"},
		{object{"kind": "bought", "account": v.Account, "issued": bought["issued"]}, http.StatusUnprocessableEntity, registry.EventInvalid},
	} {
		wantProblem(t, w.by(staff.Ticketing, "POST", "/v1/tickets", c.event), c.status, c.code)
	}
}

func TestB6_RefundAndChangeOnlineOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v, other := w.joinVisitor(), w.joinVisitor()
	p := v.addPassenger(visitor(870)).Passenger
	w.reportTickets(v.purchase("O", p))
	refund := object{"kind": "refund_online", "account": v.Account, "ticket": "O-0"}
	change := and(refund, object{"kind": "change_online"})
	w.wantTicketingDecision(refund, "")
	w.wantTicketingDecision(change, "")
	w.wantTicketingDecision(and(refund, object{"account": other.Account}), rules.NotItsTicket)
	// The document does not match: the ticket can be refunded but not changed.
	as[entry](t, w.by(staff.Window, "POST", "/v1/counter/verifications", v.counterResult(p, false)), http.StatusOK)
	w.wantTicketingDecision(refund, "")
	w.wantTicketingDecision(change, rules.PassengerStatus)
}

func TestB7_CounterServicesOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.joinVisitor()
	w.reportTickets(v.purchase("S", "holder"))
	const path = "/v1/counter/services"
	change, exchange := object{"ticket": "S-0", "service": "change"}, object{"ticket": "S-0", "service": "exchange"}
	if d := w.wantDecision(staff.Window, path, change, ""); d.First != "pre_verification" {
		t.Fatalf("first comes %q", d.First)
	}
	w.wantDecision(staff.Agency, path, change, rules.ServiceNotHere)
	w.wantDecision(staff.Agency, path, exchange, rules.StationWindowOnly)
	as[entry](t, w.by(staff.Window, "POST", "/v1/counter/verifications", v.counterResult("holder", false)), http.StatusOK)
	w.wantDecision(staff.Window, path, change, rules.RefundOnly)
	w.wantDecision(staff.Window, path, object{"ticket": "S-0", "service": "refund"}, "")

	// A ticketing system names the counter; a counter does not name itself.
	serve := and(exchange, object{"kind": "serve", "at": "agency"})
	m := w.join()
	m.verifyAtCounter("holder")
	w.reportTickets(m.purchase("Q", "holder"))
	serve["ticket"] = "Q-0"
	if d := w.wantTicketingDecision(serve, ""); d.First != "" {
		t.Fatalf("first comes %q", d.First)
	}
	for _, at := range []any{nil, "", "authority", "holder", "moon"} {
		q := maps.Clone(serve)
		if q["at"] = at; at == nil {
			delete(q, "at")
		}
		want := registry.QuestionInvalid
		if at == "" {
			want = "body_malformed"
		}
		if got := codeOf(t, w.by(staff.Ticketing, "POST", "/v1/decisions", q)); got != want {
			t.Errorf("at %v: %q, want %q", at, got, want)
		}
	}
	wantProblem(t, w.by(staff.Window, "POST", path, and(exchange, object{"at": "window"})), http.StatusBadRequest, "body_malformed")
	wantProblem(t, w.by(staff.Window, "POST", "/v1/decisions", serve), http.StatusForbidden, staff.ForbiddenRole)
}
