package registry

import (
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

func TestB5_AccountsBuyForPassengersByStatus(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(resident(1))
		buy := func(passengers ...string) DecisionRequest {
			return DecisionRequest{Kind: Buy, Account: h.Account(), For: passengers}
		}
		w.answered(buy(""), rules.AccountUnverified, "a pending account buys for its holder")
		w.notRecorded(w.bought(h, "T1", ""), rules.AccountUnverified, "and reports it")
		w.checks(Ref{Account: h.Account()}, true)
		w.answered(buy(""), "", "a verified one")
		citizen, guest := w.adds(h, resident(2)), w.adds(h, visitor(1))
		w.answered(buy(citizen.ID), rules.PassengerStatus, "for a pending passenger")
		w.answered(buy("", guest.ID), "", "for a to-be-submitted visitor")
		w.notRecorded(w.bought(h, "T2", guest.ID, citizen.ID), rules.PassengerStatus, "an order with a pending passenger")
		if own := w.own(h); own.Tickets != 0 || w.lineOf(h, guest.ID).Tickets != 0 || w.Count(`SELECT COUNT(*) FROM tickets`) != 0 {
			t.Fatalf("half an order was taken: %d tickets", own.Tickets)
		}
		w.records(w.bought(h, "T3", "", guest.ID, guest.ID))
		if own := w.own(h); own.Tickets != 3 || own.OwnTickets != 1 || w.lineOf(h, guest.ID).Tickets != 2 || own.Version != 2 {
			t.Errorf("counted %d, %d own, %d for the guest", own.Tickets, own.OwnTickets, w.lineOf(h, guest.ID).Tickets)
		}
	})
}

// An order is decided ticket by ticket, the ones before counted.
func TestB5_AnOrderCountsWithinItself(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		four := []string{"", "", "", ""}
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: four}, "", "four for oneself")
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: append(four, "")}, rules.PassengerTicketLimit, "five")
		w.notRecorded(w.bought(h, "T1", append(four, "")...), rules.PassengerTicketLimit, "five")
		w.records(w.bought(h, "T2", four...))
		w.notRecorded(w.bought(h, "T3", ""), rules.PassengerTicketLimit, "one more")
		var order []string
		for i := range 4 {
			l := w.adds(h, visitor(10+i))
			order = append(order, l.ID, l.ID, l.ID, l.ID)
		}
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: append(order, w.adds(h, visitor(20)).ID)}, rules.AccountTicketLimit, "21 in all")
		w.records(w.bought(h, "T4", order...))
		if own := w.own(h); own.Tickets != 20 || own.OwnTickets != 4 {
			t.Errorf("%d tickets, %d own", own.Tickets, own.OwnTickets)
		}
	})
}

// A hundred and fifty purchases at once at two issuers, for six people: twenty in
// all come through, and four for nobody are exceeded.
func TestB5_TwentyInAllAndFourEachHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		people := []string{""}
		for i := range 5 {
			people = append(people, w.adds(h, visitor(10+i)).ID)
		}
		other, _ := w.issuer()
		got := w.AtOnce(150, func(i int) error {
			b := w.Store
			if i%2 == 1 {
				b = other
			}
			return b.RecordTicketEvent(t.Context(), w.bought(h, fmt.Sprintf("T%d", i), people[i%len(people)]))
		})
		if got[""] != 20 || got[rules.AccountTicketLimit]+got[rules.PassengerTicketLimit] != 130 {
			t.Fatalf("%v", got)
		}
		own := w.own(h)
		sum := own.OwnTickets
		for _, id := range people[1:] {
			n := w.lineOf(h, id).Tickets
			if sum += n; n > 4 {
				t.Errorf("%d for one passenger", n)
			}
		}
		if own.Tickets != 20 || sum != 20 || own.OwnTickets > 4 || w.Count(`SELECT COUNT(*) FROM tickets`) != 20 {
			t.Errorf("%d in all, %d together, %d own", own.Tickets, sum, own.OwnTickets)
		}
	})
}

func TestB5_FourForOneHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		l := w.adds(h, visitor(2))
		got := w.AtOnce(100, func(i int) error { return w.RecordTicketEvent(t.Context(), w.bought(h, fmt.Sprintf("T%d", i), l.ID)) })
		if got[""] != 4 || got[rules.PassengerTicketLimit] != 96 || w.lineOf(h, l.ID).Tickets != 4 {
			t.Fatalf("%v", got)
		}
	})
}

// A ticketing system that heard no answer reports again, and once more.
func TestRepeatedReportsCountOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, other := w.registers(visitor(1)), w.registers(visitor(2))
		bought := w.bought(h, "T1", "", "")
		got := w.AtOnce(100, func(int) error { return w.RecordTicketEvent(t.Context(), bought) })
		if own := w.own(h); got[""] != 100 || own.Tickets != 2 || own.OwnTickets != 2 || w.auditEntries(staff.ReportTicket) != 1 {
			t.Fatalf("%v, %d tickets, %d entries in the trail", got, own.Tickets, w.auditEntries(staff.ReportTicket))
		}
		w.notRecorded(w.bought(other, "T1", "", ""), TicketConflict, "the same references for another account")
		l := w.adds(h, visitor(3))
		w.notRecorded(w.bought(h, "T1", l.ID), TicketConflict, "for another passenger")
		later := w.bought(h, "T1", "")
		later.Issued[0].Ends = later.Issued[0].Ends.Add(time.Hour)
		w.notRecorded(later, TicketConflict, "for another journey")
		more := w.bought(h, "T1", "", "", "")
		w.records(more)
		if n := w.own(h).Tickets; n != 3 {
			t.Errorf("a ticket more: %d are counted", n)
		}

		changed := TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: "T1-0", Issued: []Ticket{{Reference: "T2", Ends: w.Now().Add(3 * day)}}}
		refunded := TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T2"}
		w.notRecorded(refunded, TicketUnknown, "a refund of what is not known")
		for range 2 {
			w.records(changed)
			w.records(bought)
		}
		for range 2 {
			w.records(refunded)
			w.records(changed)
		}
		w.notRecorded(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"}, TicketConflict, "a refund of what was changed")
		changed.Issued[0].Reference = "T3"
		w.notRecorded(changed, TicketConflict, "another change of it")
		changed.Ticket, changed.Issued[0] = "T1-1", Ticket{Reference: "T1-2", Ends: w.Now().Add(2 * day)}
		w.notRecorded(changed, TicketConflict, "a change into one that was bought")
		if own := w.own(h); own.Tickets != 4 || own.OwnTickets != 4 {
			t.Errorf("three were bought and one was changed: %d are counted", own.Tickets)
		}
		if n := w.auditEntries(staff.ReportTicket); n != 4 {
			t.Errorf("%d entries in the trail, want one for each of four reports", n)
		}
	})
}

// P17: four for each to-be-submitted passenger, of a verified resident ID account
// too, however many report at once at two issuers.
func TestP17_FourForOneOfAVerifiedAccountHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		first, second := w.adds(h, visitor(1)), w.adds(h, visitor(2))
		other, _ := w.issuer()
		got := w.AtOnce(60, func(i int) error {
			b := w.Store
			if i%2 == 1 {
				b = other
			}
			return b.RecordTicketEvent(t.Context(), w.bought(h, fmt.Sprintf("T%d", i), []string{first.ID, second.ID, ""}[i%3]))
		})
		if got[""] != 4+4+20 || got[rules.PassengerTicketLimit] != 32 {
			t.Fatalf("%v", got)
		}
		if a, b, own := w.lineOf(h, first.ID).Tickets, w.lineOf(h, second.ID).Tickets, w.own(h); a != 4 || b != 4 || own.Tickets != 28 || own.OwnTickets != 20 {
			t.Errorf("%d and %d for the guests, %d in all", a, b, own.Tickets)
		}
	})
}

// A changed ticket and its successor are two (P16, P17). A change that exceeds a
// count is refused when it is asked for, and taken and counted when it was done.
func TestP17_ChangeCountsAsATicket(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		guest := w.adds(h, visitor(1))
		buy := DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}
		change := func(ticket string) DecisionRequest {
			return DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: ticket}
		}
		changed := func(from, to string) TicketEvent {
			return TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: from, Issued: []Ticket{{Reference: to, Ends: w.Now().Add(3 * day)}}}
		}
		counted := func(guests, own, all int) {
			t.Helper()
			if o, g := w.own(h), w.lineOf(h, guest.ID).Tickets; g != guests || o.OwnTickets != own || o.Tickets != all {
				t.Errorf("%d for the guest, %d own, %d in all; want %d, %d, %d", g, o.OwnTickets, o.Tickets, guests, own, all)
			}
		}
		w.records(w.bought(h, "T", guest.ID, guest.ID, guest.ID, ""))
		w.answered(buy, "", "a fourth")
		w.answered(change("T-0"), "", "a change, the fourth")
		for range 2 {
			w.records(changed("T-0", "C0"))
		}
		counted(4, 1, 5)
		w.answered(buy, rules.PassengerTicketLimit, "a fifth")
		w.answered(change("C0"), rules.PassengerTicketLimit, "a change that would be the fifth")
		w.answered(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C0"}, "", "a refund")
		w.answered(change("T-3"), "", "the verified holder's change")
		w.records(changed("T-3", "C3"))
		counted(4, 2, 6)
		// The ticketing system changed it all the same.
		w.records(changed("T-1", "C1"))
		counted(5, 2, 7)
		w.answered(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C1"}, "", "a refund of what was issued beyond the limit")
		w.notRecorded(w.bought(h, "S", guest.ID), rules.PassengerTicketLimit, "one more")
		w.notRecorded(changed("T-0", "C9"), TicketConflict, "a second change of one ticket")
		counted(5, 2, 7)
		// The document is pre-verified: no count binds the passenger any more.
		w.checks(Ref{h.Account(), guest.ID}, true)
		w.answered(change("C1"), "", "a change for a pre-verified passenger")
		w.answered(buy, "", "a purchase for one")
	})
}

// Twenty in all of a to-be-submitted account, changes included, for all passengers.
func TestP16_TwentyInAllWithChanges(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		guest := w.adds(h, visitor(2))
		w.checks(Ref{h.Account(), guest.ID}, true) // pre-verified: four for each does not bind
		change := func(from string, i int) TicketEvent {
			return TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: from, Issued: []Ticket{{Reference: fmt.Sprintf("C%d", i), Ends: w.Now().Add(3 * day)}}}
		}
		ten := make([]string, 10)
		for i := range ten {
			ten[i] = guest.ID
		}
		w.records(w.bought(h, "T", ten...))
		got := w.AtOnce(40, func(i int) error { // ten changes, each reported twice, against twenty purchases
			if i%2 == 0 {
				return w.RecordTicketEvent(t.Context(), change(fmt.Sprintf("T-%d", i/4), i/4))
			}
			return w.RecordTicketEvent(t.Context(), w.bought(h, fmt.Sprintf("S%d", i), guest.ID))
		})
		own := w.own(h)
		bought := w.Count(`SELECT COUNT(*) FROM tickets`) - 20 // ten changed ones and ten that were issued for them
		if own.Tickets != 20+bought || w.lineOf(h, guest.ID).Tickets != own.Tickets || got[""] != 20+bought || got[rules.AccountTicketLimit] != 20-bought {
			t.Fatalf("%v, %d tickets, %d bought beside the changes", got, own.Tickets, bought)
		}
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}, rules.AccountTicketLimit, "the 21st")
		w.answered(DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: "C0"}, rules.AccountTicketLimit, "a change that would be the 21st")
		w.answered(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C0"}, "", "a refund")
	})
}

// Rule B5 counts tickets that were changed and refunded.
func TestB5_RefundsGiveNoTicketBack(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		w.records(w.bought(h, "T1", "", "", "", ""))
		for i := range 4 {
			w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: fmt.Sprintf("T1-%d", i)})
		}
		w.notRecorded(w.bought(h, "T2", ""), rules.PassengerTicketLimit, "a fifth, the four refunded")
	})
}

func TestB6_OnlineRefundAndChangeByStatus(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h, other := w.verified(resident(1)), w.verified(resident(2))
		guest := w.adds(h, visitor(1))
		w.records(w.bought(h, "T1", guest.ID, ""))
		refund := func(account, ticket string) DecisionRequest {
			return DecisionRequest{Kind: RefundOnline, Account: account, Ticket: ticket}
		}
		change := func(account, ticket string) DecisionRequest {
			return DecisionRequest{Kind: ChangeOnline, Account: account, Ticket: ticket}
		}
		w.answered(refund(h.Account(), "T1-0"), "", "a ticket it bought")
		w.answered(change(h.Account(), "T1-0"), "", "of a to-be-submitted visitor")
		w.answered(change(h.Account(), "T1-1"), "", "of the holder")
		for _, q := range []DecisionRequest{refund(other.Account(), "T1-0"), change(other.Account(), "T1-0"), refund(h.Account(), "T9"), change(h.Account(), "T9")} {
			w.answered(q, rules.NotItsTicket, "a ticket that it did not buy")
		}
		w.checks(Ref{h.Account(), guest.ID}, false)
		w.answered(change(h.Account(), "T1-0"), rules.PassengerStatus, "a failed passenger's")
		w.answered(refund(h.Account(), "T1-0"), "", "whose refund stays open")
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}))
		w.answered(refund(h.Account(), "T1-1"), "", "and that of an account that failed")
		w.answered(change(h.Account(), "T1-1"), rules.PassengerStatus, "but no change for its holder")

		w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: "T1-0", Issued: []Ticket{{Reference: "T2", Ends: w.Now().Add(day)}}})
		w.answered(refund(h.Account(), "T2"), "", "what a change issued is the account's, too")
		w.Pass(day)
		w.Must(w.Delete(t.Context(), h, guest.ID))
		w.answered(change(h.Account(), "T2"), rules.PassengerStatus, "of who is not on the list any more")
		w.answered(refund(h.Account(), "T2"), "", "whose refund stays open")
	})
}

// A counter asks by its own credential; a ticketing system says for which one.
func TestB7_WhatACounterDoes(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		guest := w.adds(h, visitor(1))
		w.records(w.bought(h, "T1", "", guest.ID))
		serve := func(role staff.Role, ticket string, s rules.Service) DecisionRequest {
			return DecisionRequest{Principal: w.by(role), Kind: Serve, Ticket: ticket, Serve: rules.Serving{Service: s}}
		}
		for s := rules.Exchange; s <= rules.Refund; s++ {
			var agency problem.Code
			if s != rules.Exchange {
				agency = rules.ServiceNotHere
			}
			w.answered(serve(staff.Window, "T1-0", s), "", "a window for the verified")
			w.answered(serve(staff.Agency, "T1-0", s), agency, "an agency for the verified")
			q := serve(staff.Ticketing, "T1-0", s)
			q.Serve.At = rules.Agency
			w.answered(q, agency, "a ticketing system for an agency")
			if d := w.answered(serve(staff.Window, "T1-1", s), "", "a window for a visitor"); d.First != rules.PreVerification {
				t.Errorf("%v: first %v", s, d.First)
			}
		}
		w.answered(serve(staff.Agency, "T1-1", rules.Exchange), rules.StationWindowOnly, "an agency for a visitor")
		w.checks(Ref{h.Account(), guest.ID}, false)
		for s := rules.Exchange; s <= rules.Refund; s++ {
			code := rules.RefundOnly
			if s == rules.Refund {
				code = ""
			}
			w.answered(serve(staff.Window, "T1-1", s), code, "who failed the pre-verification")
		}
		w.Refuses(TicketUnknown, "an unknown ticket")(w.Decide(t.Context(), serve(staff.Window, "T9", rules.Exchange)))
	})
}

// A child without a document travels on the adult's, and counts to the adult.
func TestB9_AChildTravelsOnTheAdult(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(visitor(1))
		w.records(w.bought(h, "T1", "", ""))
		w.answered(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{"", "", ""}}, rules.PassengerTicketLimit, "a third journey with a child would be five tickets")
	})
}

// A slip in a question or a report is said and changes nothing.
func TestQuestionsAndReportsAreStrict(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		acc := h.Account()
		for i, q := range []DecisionRequest{
			{}, {Kind: 9, Account: acc}, {Kind: Buy, For: []string{""}}, {Kind: Buy, Account: acc}, {Kind: Buy, Account: acc, For: make([]string, MaxOrder+1)},
			{Kind: Buy, Account: acc, For: []string{""}, Ticket: "T"}, {Kind: Buy, Account: acc, For: []string{""}, Serve: rules.Serving{At: rules.Window}},
			{Kind: Buy, Account: "a b", For: []string{""}}, {Kind: RefundOnline, Account: acc}, {Kind: RefundOnline, Ticket: "T"},
			{Kind: RefundOnline, Account: acc, Ticket: "T", For: []string{""}}, {Kind: ChangeOnline, Account: acc, Ticket: "T\x00"},
			{Kind: ChangeOnline, Account: acc, Ticket: "T", Serve: rules.Serving{Service: rules.Change}}, {Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Window}},
			{Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Holder, Service: rules.Change}}, {Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Window, Service: 9}},
			{Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Window, Service: rules.Change, Order: "O 1"}},
			{Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Machine, Service: rules.Exchange, Order: "O1"}},
			{Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Machine, Service: rules.Exchange, Card: rules.Card{Name: "测试甲"}}},
			{Kind: Serve, Ticket: "T", Serve: rules.Serving{At: rules.Agency, Service: rules.Exchange, Card: rules.Card{Name: "测试甲", Number: "1"}}},
			{Kind: Buy, Account: acc, For: []string{""}, Serve: rules.Serving{Original: true}},
			{Kind: Serve, Account: acc, Ticket: "T", Serve: rules.Serving{At: rules.Window, Service: rules.Change}}, {Kind: Serve, Serve: rules.Serving{At: rules.Window, Service: rules.Change}},
		} {
			q.Principal = w.by(staff.Ticketing)
			d, err := w.Decide(t.Context(), q)
			if w.Refused(err, QuestionInvalid, fmt.Sprintf("question %d", i)); d != (Decision{}) {
				t.Errorf("question %d was decided in spite of it", i)
			}
		}
		_, err := w.Decide(t.Context(), DecisionRequest{Principal: w.by(staff.Ticketing), Kind: Buy, Account: "acc_none", For: []string{""}})
		w.Refused(err, EntryNotFound, "an account that does not exist")
		_, err = w.Decide(t.Context(), DecisionRequest{Principal: w.by(staff.Ticketing), Kind: Buy, Account: acc, For: []string{"psg_none"}})
		w.Refused(err, EntryNotFound, "a passenger that does not exist")

		ends := w.Now().Add(day)
		issued := func(more ...Ticket) []Ticket { return append([]Ticket{{Reference: "T1", Ends: ends}}, more...) }
		many := make([]Ticket, MaxOrder+1)
		for i := range many {
			many[i] = Ticket{Reference: fmt.Sprint(i), Ends: ends}
		}
		for i, e := range []TicketEvent{
			{}, {Kind: 9, Account: acc}, {Kind: TicketsBought, Account: acc}, {Kind: TicketsBought, Issued: issued()}, {Kind: TicketsBought, Account: acc, Issued: many},
			{Kind: TicketsBought, Account: acc, Ticket: "T", Issued: issued()}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T1", Ends: ends})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "", Ends: ends})}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T 2", Ends: ends})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2", Ends: w.Now().Add(-TicketKept)})}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2"})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2", Ends: w.Now().Add(maxAhead + time.Second)})},
			{Kind: TicketChanged, Ticket: "T"}, {Kind: TicketChanged, Ticket: "T1", Issued: issued()}, {Kind: TicketChanged, Ticket: "T", Account: acc, Issued: issued()},
			{Kind: TicketChanged, Issued: issued()}, {Kind: TicketChanged, Ticket: "T", Issued: issued(Ticket{Reference: "T2", Ends: ends})},
			{Kind: TicketChanged, Ticket: "T", Issued: []Ticket{{Reference: "T1", Passenger: "psg_1", Ends: ends}}}, {Kind: TicketRefunded}, {Kind: TicketRefunded, Ticket: "T", Issued: issued()},
			{Kind: TicketCancelled}, {Kind: TicketCancelled, Ticket: "T", Issued: issued()}, {Kind: TicketCancelled, Ticket: "T", Account: acc},
			{Kind: TicketsBought, Order: "none", Account: acc, Issued: issued()}, {Kind: TicketsBought, Order: "E 1", Account: acc, Issued: issued()},
			{Kind: TicketChanged, Order: "none", Ticket: "T", Issued: issued()}, {Kind: TicketRefunded, Order: "E1", Ticket: "T"}, {Kind: TicketCancelled, Order: "E1", Ticket: "T"},
		} {
			e.Principal = w.by(staff.Ticketing)
			switch {
			case e.Order == "none":
				e.Order = ""
			case e.Order == "" && (e.Kind == TicketsBought || e.Kind == TicketChanged):
				e.Order = "E1"
			}
			w.notRecorded(e, EventInvalid, fmt.Sprintf("report %d", i))
		}
		if w.Count(`SELECT COUNT(*) FROM tickets`) != 0 || w.own(h).Tickets != 0 {
			t.Error("something was taken")
		}
	})
}
