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

// decision is what the rules say.
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

// decides asks and reads the answer; an empty code is yes.
func (w *system) decides(role staff.Role, path string, question object, code problem.Code) decision {
	w.t.Helper()
	d := as[decision](w.t, w.by(role, "POST", path, question), http.StatusOK)
	switch {
	case d.Allowed != (code == "") || d.Allowed != (d.Refused == nil):
		w.t.Fatalf("%v: %+v, want %q", question, d, code)
	case d.Refused != nil && d.Refused.Code != code:
		w.t.Fatalf("%v: refused with %s, want %s", question, d.Refused.Code, code)
	case d.Refused != nil && (d.Refused.Detail == "" || d.Refused.Text["zh"] == "" || d.Refused.Text["en"] == "" || d.Refused.NextStep["zh"] == ""):
		w.t.Fatalf("%v: the refusal tells too little: %+v", question, d.Refused)
	}
	return d
}

func (w *system) asks(question object, code problem.Code) decision {
	w.t.Helper()
	return w.decides(staff.Ticketing, "/v1/decisions", question, code)
}

func (m *member) toBuy(passengers ...string) object {
	return object{"kind": "buy", "account": m.Account, "for": passengers}
}

// A ticketing system asks, and sells what may be sold.
func TestB5_WhoBuysForWhomOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	w.asks(m.toBuy("holder"), rules.AccountUnverified)
	m.checked("holder")
	p := m.adds(resident(850)).Passenger
	w.asks(m.toBuy("holder"), "")
	w.asks(m.toBuy("holder", p), rules.PassengerStatus)
	m.checked(p)
	w.asks(m.toBuy("holder", p), "")
	w.reports(m.buys("A", "holder", p))
	if l := m.passengers(); l.Holder.Tickets != 2 || l.Passengers[0].Tickets != 1 {
		t.Fatalf("after the purchase %+v", l)
	}
	// Nobody is named by leaving a name out, and nobody else's passenger by its id.
	other := w.join()
	for _, passenger := range []any{"", p, "psg_x", "HOLDER"} {
		refused(t, w.by(staff.Ticketing, "POST", "/v1/decisions", object{"kind": "buy", "account": other.Account, "for": []any{passenger}}),
			http.StatusNotFound, registry.EntryNotFound)
	}
	forgotten := m.buys("B", "holder")
	delete(forgotten["issued"].([]object)[0], "passenger")
	refused(t, w.by(staff.Ticketing, "POST", "/v1/tickets", forgotten), http.StatusNotFound, registry.EntryNotFound)
}

// Many terminals sell to one to-be-submitted account at once, each of them telling
// everything twice: twenty tickets in all, and four for each.
func TestB5_ManyTerminalsAtOnceOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.visits()
	who := []string{"holder"}
	for n := range 5 {
		who = append(who, v.adds(visitor(860+n)).Passenger)
	}
	got := w.atOnce(100, func(i int) answer {
		return w.by(staff.Ticketing, "POST", "/v1/tickets", v.buys(fmt.Sprintf("M%d", i/2), who[i/2%len(who)]))
	})
	l := v.passengers()
	total := l.Holder.Tickets
	if total != 20 || got[""] != 40 || got[rules.AccountTicketLimit]+got[rules.PassengerTicketLimit] != 60 {
		t.Fatalf("%d tickets, answers %v", total, got)
	}
	for _, p := range l.Passengers {
		if p.Tickets > 4 {
			t.Errorf("%d tickets for one", p.Tickets)
		}
	}
	w.asks(v.toBuy("holder"), rules.AccountTicketLimit)
}

func TestTicketsAreReportedOnce(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.visits()
	other := w.visits()
	bought := v.buys("R", "holder")
	w.reports(bought)
	w.reports(bought)
	ends := w.clock.Now().Add(72 * time.Hour).Unix()
	change := object{"kind": "changed", "order": "E2", "ticket": "R-0", "issued": []object{{"reference": "R2", "ends_at": ends}}}
	w.reports(change)
	w.reports(change)
	for range 2 {
		w.reports(object{"kind": "cancelled", "ticket": "R2"})
	}
	for range 2 {
		w.reports(object{"kind": "refunded", "ticket": "R2"})
	}
	w.reports(object{"kind": "cancelled", "ticket": "R2"})
	if l := v.passengers(); l.Holder.Tickets != 2 { // one that was bought, and one that its change issued
		t.Fatalf("%d tickets are counted", l.Holder.Tickets)
	}
	for _, c := range []struct {
		event  object
		status int
		code   problem.Code
	}{
		{object{"kind": "refunded", "ticket": "R-0"}, http.StatusConflict, registry.TicketConflict},
		{and(other.buys("R", "holder"), object{}), http.StatusConflict, registry.TicketConflict},
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
		refused(t, w.by(staff.Ticketing, "POST", "/v1/tickets", c.event), c.status, c.code)
	}
}

func TestB6_RefundAndChangeOnlineOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v, other := w.visits(), w.visits()
	p := v.adds(visitor(870)).Passenger
	w.reports(v.buys("O", p))
	refund := object{"kind": "refund_online", "account": v.Account, "ticket": "O-0"}
	change := and(refund, object{"kind": "change_online"})
	w.asks(refund, "")
	w.asks(change, "")
	w.asks(and(refund, object{"account": other.Account}), rules.NotItsTicket)
	// The document does not match: what was bought is given back, and not changed.
	as[entry](t, w.by(staff.Window, "POST", "/v1/counter/verifications", v.verdict(p, false)), http.StatusOK)
	w.asks(refund, "")
	w.asks(change, rules.PassengerStatus)
}

func TestB7_WhatCountersDoOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.visits()
	w.reports(v.buys("S", "holder"))
	const path = "/v1/counter/services"
	change, exchange := object{"ticket": "S-0", "service": "change"}, object{"ticket": "S-0", "service": "exchange"}
	if d := w.decides(staff.Window, path, change, ""); d.First != "pre_verification" {
		t.Fatalf("first comes %q", d.First)
	}
	w.decides(staff.Agency, path, change, rules.ServiceNotHere)
	w.decides(staff.Agency, path, exchange, rules.StationWindowOnly)
	as[entry](t, w.by(staff.Window, "POST", "/v1/counter/verifications", v.verdict("holder", false)), http.StatusOK)
	w.decides(staff.Window, path, change, rules.RefundOnly)
	w.decides(staff.Window, path, object{"ticket": "S-0", "service": "refund"}, "")

	// A ticketing system says at which counter; a counter does not say it of itself.
	serve := and(exchange, object{"kind": "serve", "at": "agency"})
	m := w.join()
	m.checked("holder")
	w.reports(m.buys("Q", "holder"))
	serve["ticket"] = "Q-0"
	if d := w.asks(serve, ""); d.First != "" {
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
	refused(t, w.by(staff.Window, "POST", path, and(exchange, object{"at": "window"})), http.StatusBadRequest, "body_malformed")
	refused(t, w.by(staff.Window, "POST", "/v1/decisions", serve), http.StatusForbidden, staff.ForbiddenRole)
}
