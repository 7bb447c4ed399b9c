package articles_test

import (
	"testing"

	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness"
)

// services are the services of a counter for a ticket.
var services = []string{"exchange", "change", "refund"}

// servesAll fails unless a counter performs every service for a ticket.
func servesAll(t *testing.T, counter *harness.Staff, ticket string) {
	t.Helper()
	for _, s := range services {
		counter.Serve(ticket, s, nil).Yes(t)
	}
}

func TestR25_WindowExchangesChangesAndRefunds(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.AddSettled(h.Person()).Passenger
		for _, ticket := range h.Ticketing.Buy(a, "holder", p) {
			servesAll(t, h.Window(), ticket)
			for _, s := range services {
				h.Ticketing.Service(ticket, "window", s).Yes(t)
			}
		}
	})
}

func TestR26_AgenciesExchangeOnly(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		ticket := h.Ticketing.Buy(a, "holder")[0]
		h.Agency().Serve(ticket, "exchange", nil).Yes(t)
		for _, s := range services[1:] {
			h.Agency().Serve(ticket, s, nil).No(t, rules.ServiceNotHere)
			h.Ticketing.Service(ticket, "agency", s).No(t, rules.ServiceNotHere)
		}
	})
}

func TestR27_MachineExchangesOnlyWithThePassengersCard(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		who := h.Person()
		tickets := h.Ticketing.Buy(a, "holder", a.AddSettled(who).Passenger)
		h.Machine().Serve(tickets[0], "exchange", a.Person.Card()).Yes(t)
		h.Machine().Serve(tickets[1], "exchange", who.Card()).Yes(t)
		h.Ticketing.Ask(harness.With(who.Card(), harness.Object{"kind": "serve", "ticket": tickets[1], "at": "machine", "service": "exchange"})).Yes(t)
		h.Machine().Serve(tickets[0], "exchange", nil).No(t, rules.OriginalMissing)
		for _, s := range services[1:] {
			h.Machine().Serve(tickets[0], s, a.Person.Card()).No(t, rules.ServiceNotHere)
		}
		// The credential determines that the caller is a machine, which may do nothing else.
		body := harness.With(a.Person.Card(), harness.Object{"ticket": tickets[0], "service": "exchange", "at": "window"})
		h.Machine().Call("POST", "/v1/counter/services", body).Refused(t, "body_malformed")
		h.Machine().Search(who).Refused(t, "forbidden_role")
		h.Machine().Verify(a, "holder", nil).Refused(t, "forbidden_role")
		h.Window().Call("POST", "/v1/counter/services", harness.With(a.Person.Card(), harness.Object{"ticket": tickets[0], "service": "exchange"})).
			Refused(t, "ticket_question_invalid")
	})
}

func TestR28_AnotherNameOrNumberIsRefusedAtAMachine(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		ticket := h.Ticketing.Buy(a, "holder")[0]
		for _, card := range []harness.Person{a.Person.Named("测试乙"), h.Person(), a.Person.Named("测试甲甲")} {
			h.Machine().Serve(ticket, "exchange", card.Card()).No(t, rules.CardMismatch).NextStep.Has(t, "车站窗口")
		}
		h.Machine().Serve(ticket, "exchange", a.Person.Card()).Yes(t)
		// Guesses of cards are bounded.
		for range throttle.DefaultRules.Document.Failures - 3 {
			h.Machine().Serve(ticket, "exchange", h.Person().Card()).No(t, rules.CardMismatch)
		}
		body := harness.With(a.Person.Card(), harness.Object{"ticket": ticket, "service": "exchange"})
		h.Machine().Call("POST", "/v1/counter/services", body).Refused(t, throttle.TooManyFailures)
		h.Window().Serve(ticket, "exchange", nil).Yes(t) // a window serves a common name
	})
}

// specialTicket is a ticket of a verified holder with a special name, and its order
// number.
func specialTicket(t *testing.T, h *harness.Harness, who harness.Person) (a *harness.Account, ticket, order string) {
	t.Helper()
	a = h.Register(who)
	wantStatus(t, h.Window().Verify(a, "holder", harness.Object{"proof": a.PhoneEnd()}), "verified")
	event, tickets := h.Ticketing.Bought(a, "holder")
	h.Ticketing.TryReport(event).OK(t)
	return a, tickets[0], event["order"].(string)
}

func TestR29_SpecialNamesExchangeWithOriginalAndOrderNumber(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, who := range special(h) {
			_, ticket, order := specialTicket(t, h, who)
			both := harness.Object{"original": true, "order": order}
			for _, counter := range []*harness.Staff{h.Window(), h.Agency()} {
				counter.Serve(ticket, "exchange", nil).No(t, rules.OriginalMissing)
				counter.Serve(ticket, "exchange", harness.Object{"original": true}).No(t, rules.OrderWrong)
				counter.Serve(ticket, "exchange", harness.Object{"order": order}).No(t, rules.OriginalMissing)
				counter.Serve(ticket, "exchange", harness.Object{"original": true, "order": "O999999"}).No(t, rules.OrderWrong)
				counter.Serve(ticket, "exchange", both).Yes(t)
			}
		}
	})
}

func TestR30_SpecialNamesChangeAndRefundAtTheWindow(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		_, ticket, order := specialTicket(t, h, h.Person().Named("測試"))
		both := harness.Object{"original": true, "order": order}
		for _, s := range services[1:] {
			h.Window().Serve(ticket, s, harness.Object{"original": true}).No(t, rules.OrderWrong)
			h.Window().Serve(ticket, s, both).Yes(t)
			h.Agency().Serve(ticket, s, both).No(t, rules.ServiceNotHere)
		}
	})
}

func TestR31_SpecialNamesAreNotForMachines(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, who := range special(h) {
			a, ticket, _ := specialTicket(t, h, who)
			h.Machine().Serve(ticket, "exchange", a.Person.Card()).No(t, rules.CounterOnly).NextStep.Has(t, "订单号码")
		}
	})
}

func TestP22_WindowServesVerifiedAndPreVerified(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		servesAll(t, h.Window(), ticket)
		wantStatus(t, a.Judge("holder", true), "verified")
		servesAll(t, h.Window(), ticket)
	})
}

func TestP23_AgenciesExchangeForVerifiedAndPreVerified(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		for range 2 {
			h.Agency().Serve(ticket, "exchange", nil).Yes(t)
			h.Agency().Serve(ticket, "change", nil).No(t, rules.ServiceNotHere)
			h.Agency().Serve(ticket, "refund", nil).No(t, rules.ServiceNotHere)
			h.Machine().Serve(ticket, "exchange", a.Person.Card()).No(t, rules.CounterOnly)
			if a.Entry("holder").Status == "pre_verified" {
				wantStatus(t, a.Judge("holder", true), "verified")
			}
		}
	})
}

func TestP24_ToBeSubmittedIsPreVerifiedFirst(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		for _, s := range services {
			if d := h.Window().Serve(ticket, s, nil); !d.Allowed || d.First != "pre_verification" {
				t.Fatalf("%s: %+v", s, d)
			}
		}
		h.Agency().Serve(ticket, "exchange", nil).No(t, rules.StationWindowOnly)
		wantStatus(t, h.Window().Verify(a, "holder", nil), "pre_verified")
		servesAll(t, h.Window(), ticket)
	})
}

func TestP25_OnlyRefundAfterAFailedCheck(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		a.Fail("holder")
		h.Window().Serve(ticket, "exchange", nil).No(t, rules.RefundOnly)
		h.Window().Serve(ticket, "change", nil).No(t, rules.RefundOnly)
		h.Window().Serve(ticket, "refund", nil).Yes(t)
	})
}
