package articles_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
)

// mayNotBuy fails unless both the question and the report of a purchase are refused and nothing is
// counted.
func mayNotBuy(t *testing.T, h *harness.Harness, a *harness.Account, passenger string, code problem.Code) {
	t.Helper()
	before := a.Entry("holder").Tickets
	h.Ticketing.MayBuy(a, passenger).No(t, code)
	event, _ := h.Ticketing.Bought(a, passenger)
	h.Ticketing.TryReport(event).Refused(t, code)
	a.HasTickets("holder", before)
}

// buy asks whether the purchase is allowed and reports it.
func buy(t *testing.T, h *harness.Harness, a *harness.Account, passengers ...string) []string {
	t.Helper()
	h.Ticketing.MayBuy(a, passengers...).Yes(t)
	return h.Ticketing.Buy(a, passengers...)
}

func TestR19_VerifiedAccountBuysForVerifiedPassengers(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.AddSettled(h.Person()).Passenger
		buy(t, h, a, "holder", p, p, p, p, p) // no limit for verified passengers
		a.HasTickets(p, 5)
	})
}

func TestR20_PendingAndFailedAccountsBuyNothing(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		mayNotBuy(t, h, a, "holder", rules.AccountUnverified)
		a.Fail("holder")
		mayNotBuy(t, h, a, "holder", rules.AccountUnverified)

		// An account with a list, whose identity failed later.
		b := h.Verified(h.Person())
		verified, guest := b.AddSettled(h.Person()).Passenger, b.AddSettled(h.Visitor()).Passenger
		buy(t, h, b, verified, guest)
		h.Window().FreeIdentity(b.Person, nil).OK(t)
		for _, p := range []string{"holder", verified, guest} {
			mayNotBuy(t, h, b, p, rules.AccountUnverified)
		}
	})
}

func TestR21_PendingAndFailedPassengersGetNoTickets(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.Add(h.Person()).Passenger
		mayNotBuy(t, h, a, p, rules.PassengerStatus)
		a.Fail(p)
		mayNotBuy(t, h, a, p, rules.PassengerStatus)
		// Not in an order with other passengers either.
		event, _ := h.Ticketing.Bought(a, "holder", p)
		h.Ticketing.TryReport(event).Refused(t, rules.PassengerStatus)
	})
}

func TestP15_AccountsWithOtherDocumentsBuyOnlyForSuchDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range foreign(h) {
			toBeSubmitted, preVerified, verified := a.Add(h.Visitor()).Passenger, a.Add(h.HKMacauVisitor()).Passenger, a.AddSettled(h.TaiwanVisitor()).Passenger
			preVerify(h, a, preVerified)
			buy(t, h, a, "holder", toBeSubmitted, preVerified, verified)
		}
		var resident, ticket string
		a := changedDocument(h, func(a *harness.Account) {
			resident = a.AddSettled(h.Person()).Passenger
			ticket = buy(t, h, a, resident)[0]
		})
		for range 3 { // to be submitted, pre-verified, verified
			mayNotBuy(t, h, a, resident, rules.OtherDocumentsOnly)
			h.Ticketing.MayBuy(a, resident).Refused.NextStep.Has(t, "以居民身份证注册的账户")
			switch a.Entry("holder").Status {
			case "to_be_submitted":
				preVerify(h, a, "holder")
			case "pre_verified":
				a.Judge("holder", true).OK(t)
			}
		}
		// Earlier tickets can be changed and refunded.
		h.Ticketing.MayChange(a, ticket).Yes(t)
		h.Ticketing.MayRefund(a, ticket).Yes(t)
	})
}

// Changed and refunded tickets count: a changed ticket and its replacement are two.
func TestP16_ToBeSubmittedAccountHasTwentyTickets(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		p := a.AddSettled(h.Visitor()).Passenger // the limit per passenger does not apply to verified ones
		tickets := buy(t, h, a, slices.Repeat([]string{p}, 17)...)
		h.Ticketing.Refund(a, tickets[0])
		h.Ticketing.MayChange(a, tickets[1]).Yes(t)
		h.Ticketing.Change(a, tickets[1]) // 18
		buy(t, h, a, p)                   // 19
		h.Ticketing.MayBuy(a, p, p).No(t, rules.AccountTicketLimit)
		buy(t, h, a, p) // 20
		mayNotBuy(t, h, a, p, rules.AccountTicketLimit)
		mayNotBuy(t, h, a, "holder", rules.AccountTicketLimit)
		h.Ticketing.MayChange(a, tickets[2]).No(t, rules.AccountTicketLimit)
		h.Ticketing.MayRefund(a, tickets[2]).Yes(t)
		a.HasTickets("holder", 20)
		// A pre-verified account has no such limit.
		preVerify(h, a, "holder")
		h.Ticketing.MayChange(a, tickets[2]).Yes(t)
		buy(t, h, a, p)
	})
}

// The limit applies to every account.
func TestP17_FourTicketsForEachToBeSubmittedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		accounts := append(foreign(h), h.Verified(h.Person()))
		for _, a := range accounts {
			p, other := a.Add(h.Visitor()).Passenger, a.Add(h.HKMacauVisitor()).Passenger
			h.Ticketing.MayBuy(a, p, p, p, p, p).No(t, rules.PassengerTicketLimit)
			tickets := buy(t, h, a, p, p, p)
			h.Ticketing.Refund(a, tickets[0])
			buy(t, h, a, p)
			no := h.Ticketing.MayBuy(a, p).Refused
			mayNotBuy(t, h, a, p, rules.PassengerTicketLimit)
			if !strings.Contains(no.NextStep.Zh, "车站窗口") || !strings.Contains(no.Text.Zh, "含已改、已退车票") {
				t.Errorf("the problem says %+v", no)
			}
			buy(t, h, a, other, other, other, other) // the other passenger has four as well
			mayNotBuy(t, h, a, other, rules.PassengerTicketLimit)
			preVerify(h, a, p)
			buy(t, h, a, p) // no longer limited
		}
	})
}

// A question about a change that would be the fifth ticket is refused. Our choice: a report of such a
// change is recorded and counted.
func TestP17_ChangedTicketAndItsReplacementAreTwo(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		for _, a := range []*harness.Account{h.Verified(h.Person()), h.Register(h.Visitor())} {
			p := a.Add(h.Visitor()).Passenger
			tickets := buy(t, h, a, p, p)
			h.Ticketing.MayChange(a, tickets[0]).Yes(t)
			h.Ticketing.Change(a, tickets[0]) // 3
			h.Ticketing.MayBuy(a, p, p).No(t, rules.PassengerTicketLimit)
			second := h.Ticketing.Change(a, tickets[1]) // 4
			mayNotBuy(t, h, a, p, rules.PassengerTicketLimit)
			h.Ticketing.MayChange(a, second).No(t, rules.PassengerTicketLimit)
			third := h.Ticketing.Change(a, second) // 5
			a.HasTickets(p, 5)
			h.Ticketing.MayRefund(a, third).Yes(t)
			h.Ticketing.MayChange(a, third).No(t, rules.PassengerTicketLimit)
			h.Window().Verify(a, p, nil).OK(t)
			h.Ticketing.MayChange(a, third).Yes(t)
		}
	})
}

func TestP18_FailedAccountsAndPassengersBuyNothing(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Visitor())
		p := a.Add(h.Visitor()).Passenger
		a.Fail(p)
		mayNotBuy(t, h, a, p, rules.PassengerStatus)
		judged := a.Add(h.Visitor()).Passenger
		preVerify(h, a, judged)
		a.Judge(judged, false).OK(t) // the authority finds a mismatch
		mayNotBuy(t, h, a, judged, rules.PassengerStatus)
		other := a.Add(h.Visitor()).Passenger
		a.Fail("holder")
		mayNotBuy(t, h, a, "holder", rules.AccountUnverified)
		mayNotBuy(t, h, a, other, rules.AccountUnverified)
	})
}

// A booking has no field for a passenger's name or number.
func TestG22_TicketsAreOnlyForTheHolderAndTheList(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, b := h.Verified(h.Person()), h.Verified(h.Person())
		theirs := b.AddSettled(h.Person()).Passenger
		typed := h.Person()
		for _, named := range []string{theirs, typed.DocumentNumber, typed.Name, ""} {
			ask := harness.Object{"kind": "buy", "account": a.ID, "for": []string{named}}
			h.Ticketing.Call("POST", "/v1/decisions", ask).Refused(t, registry.EntryNotFound)
			event, _ := h.Ticketing.Bought(a, named)
			if r := h.Ticketing.TryReport(event); r.Status < 400 {
				t.Errorf("a ticket for %q was accepted", named)
			}
		}
		event, _ := h.Ticketing.Bought(a, "holder")
		issued := event["issued"].([]harness.Object)
		event["issued"] = []harness.Object{harness.With(issued[0], harness.Object{"name": typed.Name, "document_number": typed.DocumentNumber})}
		if r := h.Ticketing.TryReport(event); r.Status != http.StatusBadRequest {
			t.Errorf("a report with an identity: %d", r.Status)
		}
		deleted := a.Add(h.Person()).Passenger
		a.Delete(deleted).OK(t)
		h.Ticketing.Call("POST", "/v1/decisions", harness.Object{"kind": "buy", "account": a.ID, "for": []string{deleted}}).Refused(t, registry.EntryNotFound)
		a.HasTickets("holder", 0)
	})
}
