package articles_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
)

// The account's status does not matter. No account refunds another's ticket.
func TestR22_EveryAccountRefundsItsTicketsOnline(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		ticket := h.Ticketing.Buy(a, "holder")[0]
		h.Ticketing.MayRefund(a, ticket).Yes(t)
		h.Window().FreeIdentity(a.Person, nil).OK(t)
		a.HasStatus("holder", "failed")
		h.Ticketing.MayRefund(a, ticket).Yes(t)
		pending := h.Register(h.Person())
		h.Ticketing.MayRefund(pending, ticket).No(t, rules.NotItsTicket)
	})
}

func TestR23_OnlineChangeForAVerifiedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.AddSettled(h.Person())
		for _, ticket := range h.Ticketing.Buy(a, "holder", p.Passenger) {
			h.Ticketing.MayChange(a, ticket).Yes(t)
			h.Ticketing.MayChange(a, h.Ticketing.Change(a, ticket)).Yes(t)
		}
	})
}

func TestR24_NoOnlineChangeForAnUnverifiedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		ticket := h.Ticketing.Buy(a, "holder")[0]
		h.Ticketing.MayChange(a, ticket).Yes(t)
		h.Window().FreeIdentity(a.Person, nil).OK(t)
		h.Ticketing.MayChange(a, ticket).No(t, rules.PassengerStatus)
	})
}

// Such passengers of a resident's account are to be submitted, pre-verified at a window, then settled
// by the authority.
func TestR32_OtherDocumentsFollowTheirOwnRules(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.Add(h.Visitor())
		if p.Status != "to_be_submitted" {
			t.Errorf("added as %s", p.Status)
		}
		h.Ticketing.MayBuy(a, p.Passenger).Yes(t)
		h.Agency().Verify(a, p.Passenger, nil).Refused(t, rules.StationWindowOnly)
		if s := a.Settle(p.Passenger); s != "verified" {
			t.Errorf("settled as %s", s)
		}
	})
}

// visitorsTicket is an account with a passport and a ticket for its holder.
func visitorsTicket(h *harness.Harness) (a *harness.Account, ticket string) {
	h.T.Helper()
	a = h.Register(h.Visitor())
	return a, h.Ticketing.Buy(a, "holder")[0]
}

// Accounts with other documents refund online in every status, including failed, and for failed
// passengers.
func TestP19_EveryAccountRefundsOnline(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		h.Ticketing.MayRefund(a, ticket).Yes(t) // to be submitted
		h.Window().Verify(a, "holder", nil).OK(t)
		h.Ticketing.MayRefund(a, ticket).Yes(t) // pre-verified
		a.Judge("holder", false).OK(t)
		h.Ticketing.MayRefund(a, ticket).Yes(t) // failed

		resident := h.Verified(h.Person())
		p := resident.Add(h.Visitor()).Passenger
		ticket = h.Ticketing.Buy(resident, p)[0]
		resident.Fail(p)
		h.Ticketing.MayRefund(resident, ticket).Yes(t)
	})
}

// The passenger is to be submitted, pre-verified or verified, in accounts of either kind.
func TestP20_OnlineChangeForOtherDocuments(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, ticket := visitorsTicket(h)
		resident := h.Verified(h.Person())
		p := resident.Add(h.Visitor()).Passenger
		second := h.Ticketing.Buy(resident, p)[0]
		both := func() {
			t.Helper()
			h.Ticketing.MayChange(a, ticket).Yes(t)
			h.Ticketing.MayChange(resident, second).Yes(t)
		}
		both() // to be submitted
		h.Window().Verify(a, "holder", nil).OK(t)
		h.Window().Verify(resident, p, nil).OK(t)
		both() // pre-verified
		a.Judge("holder", true).OK(t)
		resident.Judge(p, true).OK(t)
		both() // verified
	})
}

func TestP21_NoOnlineChangeForAFailedPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.Add(h.Visitor()).Passenger
		ticket := h.Ticketing.Buy(a, p)[0]
		h.Window().Verify(a, p, nil).OK(t)
		a.Judge(p, false).OK(t)
		h.Ticketing.MayChange(a, ticket).No(t, rules.PassengerStatus)
	})
}

// A purchase cannot name another person and has no field for a name or a number.
func TestG22_TicketsAreOnlyForPassengersOnTheList(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a, b := h.Verified(h.Person()), h.Verified(h.Person())
		mine, theirs := a.AddSettled(h.Person()), b.AddSettled(h.Person())
		h.Ticketing.MayBuy(a, "holder", mine.Passenger).Yes(t)
		for _, passenger := range []string{theirs.Passenger, "psg_" + zeros} {
			h.Ticketing.Call("POST", "/v1/decisions", harness.Object{"kind": "buy", "account": a.ID, "for": []string{passenger}}).Refused(t, registry.EntryNotFound)
			event, _ := h.Ticketing.Bought(a, passenger)
			h.Ticketing.TryReport(event).Refused(t, registry.EntryNotFound)
		}
		for name, value := range h.Person().Identity() {
			event, _ := h.Ticketing.Bought(a, "holder")
			event[name] = value
			if answer := h.Ticketing.TryReport(event); answer.Status != http.StatusBadRequest {
				t.Errorf("a purchase with %s was answered %d", name, answer.Status)
			}
		}
	})
}

// A new account buys nothing before a visit to a station. After that one verification it buys without
// another visit.
func TestG30_FirstVisitIsEnough(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Register(h.Person())
		h.Ticketing.MayBuy(a, "holder").No(t, rules.AccountUnverified)
		h.Window().Verify(a, "holder", nil).OK(t)
		h.Ticketing.MayBuy(a, "holder").Yes(t)
		h.Ticketing.Buy(a, "holder")
		h.Clock.Move(400 * 24 * time.Hour)
		h.Ticketing.MayBuy(a, "holder").Yes(t)
	})
}
