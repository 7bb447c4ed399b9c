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
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(resident(1))
		buy := func(passengers ...string) DecisionRequest {
			return DecisionRequest{Kind: Buy, Account: h.Account(), For: passengers}
		}
		env.wantDecision(buy(""), rules.AccountUnverified, "a pending account buys for its holder")
		env.wantEventProblem(env.purchase(h, "T1", ""), rules.AccountUnverified, "and reports it")
		env.checkAtWindow(Ref{Account: h.Account()}, true)
		env.wantDecision(buy(""), "", "a verified account")
		citizen, guest := env.addPassenger(h, resident(2)), env.addPassenger(h, visitor(1))
		env.wantDecision(buy(citizen.ID), rules.PassengerStatus, "for a pending passenger")
		env.wantDecision(buy("", guest.ID), "", "for a to-be-submitted visitor")
		env.wantEventProblem(env.purchase(h, "T2", guest.ID, citizen.ID), rules.PassengerStatus, "an order with a pending passenger")
		if own := env.ownEntry(h); own.Tickets != 0 || env.line(h, guest.ID).Tickets != 0 || env.Count(`SELECT COUNT(*) FROM tickets`) != 0 {
			t.Fatalf("a refused order was recorded in part: %d tickets", own.Tickets)
		}
		env.record(env.purchase(h, "T3", "", guest.ID, guest.ID))
		if own := env.ownEntry(h); own.Tickets != 3 || own.OwnTickets != 1 || env.line(h, guest.ID).Tickets != 2 || own.Version != 2 {
			t.Errorf("counted %d, %d own, %d for the guest", own.Tickets, own.OwnTickets, env.line(h, guest.ID).Tickets)
		}
	})
}

// An order is decided ticket by ticket, and each counts for the next.
func TestB5_OrderCountsItsOwnTickets(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		four := []string{"", "", "", ""}
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: four}, "", "four for the holder")
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: append(four, "")}, rules.PassengerTicketLimit, "five")
		env.wantEventProblem(env.purchase(h, "T1", append(four, "")...), rules.PassengerTicketLimit, "five")
		env.record(env.purchase(h, "T2", four...))
		env.wantEventProblem(env.purchase(h, "T3", ""), rules.PassengerTicketLimit, "one more")
		var order []string
		for i := range 4 {
			l := env.addPassenger(h, visitor(10+i))
			order = append(order, l.ID, l.ID, l.ID, l.ID)
		}
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: append(order, env.addPassenger(h, visitor(20)).ID)}, rules.AccountTicketLimit, "21 in all")
		env.record(env.purchase(h, "T4", order...))
		if own := env.ownEntry(h); own.Tickets != 20 || own.OwnTickets != 4 {
			t.Errorf("%d tickets, %d own", own.Tickets, own.OwnTickets)
		}
	})
}

// Of 150 concurrent purchases at two issuers for six people twenty succeed, at most four for each.
func TestB5_ConcurrentPurchasesOfAnAccountAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		people := []string{""}
		for i := range 5 {
			people = append(people, env.addPassenger(h, visitor(10+i)).ID)
		}
		other, _ := env.newIssuer()
		got := env.AtOnce(150, func(i int) error {
			store := env.Store
			if i%2 == 1 {
				store = other
			}
			return store.RecordTicketEvent(t.Context(), env.purchase(h, fmt.Sprintf("T%d", i), people[i%len(people)]))
		})
		if got[""] != 20 || got[rules.AccountTicketLimit]+got[rules.PassengerTicketLimit] != 130 {
			t.Fatalf("%v", got)
		}
		own := env.ownEntry(h)
		sum := own.OwnTickets
		for _, id := range people[1:] {
			n := env.line(h, id).Tickets
			if sum += n; n > 4 {
				t.Errorf("%d for one passenger", n)
			}
		}
		if own.Tickets != 20 || sum != 20 || own.OwnTickets > 4 || env.Count(`SELECT COUNT(*) FROM tickets`) != 20 {
			t.Errorf("%d in all, %d together, %d own", own.Tickets, sum, own.OwnTickets)
		}
	})
}

func TestB5_ConcurrentPurchasesForAPassengerAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		l := env.addPassenger(h, visitor(2))
		got := env.AtOnce(100, func(i int) error {
			return env.RecordTicketEvent(t.Context(), env.purchase(h, fmt.Sprintf("T%d", i), l.ID))
		})
		if got[""] != 4 || got[rules.PassengerTicketLimit] != 96 || env.line(h, l.ID).Tickets != 4 {
			t.Fatalf("%v", got)
		}
	})
}

// A ticketing system that got no answer repeats its report.
func TestRepeatedReportsCountOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, other := env.register(visitor(1)), env.register(visitor(2))
		bought := env.purchase(h, "T1", "", "")
		got := env.AtOnce(100, func(int) error { return env.RecordTicketEvent(t.Context(), bought) })
		if own := env.ownEntry(h); got[""] != 100 || own.Tickets != 2 || own.OwnTickets != 2 || env.auditEntries(staff.ReportTicket) != 1 {
			t.Fatalf("%v, %d tickets, %d entries in the audit log", got, own.Tickets, env.auditEntries(staff.ReportTicket))
		}
		env.wantEventProblem(env.purchase(other, "T1", "", ""), TicketConflict, "the same references for another account")
		l := env.addPassenger(h, visitor(3))
		env.wantEventProblem(env.purchase(h, "T1", l.ID), TicketConflict, "for another passenger")
		later := env.purchase(h, "T1", "")
		later.Issued[0].Ends = later.Issued[0].Ends.Add(time.Hour)
		env.wantEventProblem(later, TicketConflict, "for another journey")
		more := env.purchase(h, "T1", "", "", "")
		env.record(more)
		if n := env.ownEntry(h).Tickets; n != 3 {
			t.Errorf("one more ticket: %d are counted", n)
		}

		changed := TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: "T1-0", Issued: []Ticket{{Reference: "T2", Ends: env.Now().Add(3 * day)}}}
		refunded := TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T2"}
		env.wantEventProblem(refunded, TicketUnknown, "a refund of an unknown ticket")
		for range 2 {
			env.record(changed)
			env.record(bought)
		}
		for range 2 {
			env.record(refunded)
			env.record(changed)
		}
		env.wantEventProblem(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T1-0"}, TicketConflict, "a refund of a changed ticket")
		changed.Issued[0].Reference = "T3"
		env.wantEventProblem(changed, TicketConflict, "a different change of the ticket")
		changed.Ticket, changed.Issued[0] = "T1-1", Ticket{Reference: "T1-2", Ends: env.Now().Add(2 * day)}
		env.wantEventProblem(changed, TicketConflict, "a change into a ticket that was bought")
		if own := env.ownEntry(h); own.Tickets != 4 || own.OwnTickets != 4 {
			t.Errorf("three were bought and one was changed: %d are counted", own.Tickets)
		}
		if n := env.auditEntries(staff.ReportTicket); n != 4 {
			t.Errorf("%d entries in the audit log, want one for each of four reports", n)
		}
	})
}

// P17: the limit for each to-be-submitted passenger applies to a verified resident ID account too.
func TestP17_ConcurrentPurchasesOfAVerifiedAccountAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		first, second := env.addPassenger(h, visitor(1)), env.addPassenger(h, visitor(2))
		other, _ := env.newIssuer()
		got := env.AtOnce(60, func(i int) error {
			store := env.Store
			if i%2 == 1 {
				store = other
			}
			return store.RecordTicketEvent(t.Context(), env.purchase(h, fmt.Sprintf("T%d", i), []string{first.ID, second.ID, ""}[i%3]))
		})
		if got[""] != 4+4+20 || got[rules.PassengerTicketLimit] != 32 {
			t.Fatalf("%v", got)
		}
		if a, b, own := env.line(h, first.ID).Tickets, env.line(h, second.ID).Tickets, env.ownEntry(h); a != 4 || b != 4 || own.Tickets != 28 || own.OwnTickets != 20 {
			t.Errorf("%d and %d for the guests, %d in all", a, b, own.Tickets)
		}
	})
}

// A changed ticket and its replacement count as two (P16, P17). A change beyond a limit is refused as
// a question, and recorded and counted as a report.
func TestP17_ChangeCountsAsATicket(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		guest := env.addPassenger(h, visitor(1))
		buy := DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}
		change := func(ticket string) DecisionRequest {
			return DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: ticket}
		}
		changed := func(from, to string) TicketEvent {
			return TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: from, Issued: []Ticket{{Reference: to, Ends: env.Now().Add(3 * day)}}}
		}
		counted := func(guests, own, all int) {
			t.Helper()
			if o, g := env.ownEntry(h), env.line(h, guest.ID).Tickets; g != guests || o.OwnTickets != own || o.Tickets != all {
				t.Errorf("%d for the guest, %d own, %d in all; want %d, %d, %d", g, o.OwnTickets, o.Tickets, guests, own, all)
			}
		}
		env.record(env.purchase(h, "T", guest.ID, guest.ID, guest.ID, ""))
		env.wantDecision(buy, "", "a fourth")
		env.wantDecision(change("T-0"), "", "a change, the fourth")
		for range 2 {
			env.record(changed("T-0", "C0"))
		}
		counted(4, 1, 5)
		env.wantDecision(buy, rules.PassengerTicketLimit, "a fifth")
		env.wantDecision(change("C0"), rules.PassengerTicketLimit, "a change that would be the fifth")
		env.wantDecision(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C0"}, "", "a refund")
		env.wantDecision(change("T-3"), "", "the verified holder's change")
		env.record(changed("T-3", "C3"))
		counted(4, 2, 6)
		// The ticketing system changed the ticket anyway.
		env.record(changed("T-1", "C1"))
		counted(5, 2, 7)
		env.wantDecision(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C1"}, "", "a refund of a ticket issued beyond the limit")
		env.wantEventProblem(env.purchase(h, "S", guest.ID), rules.PassengerTicketLimit, "one more")
		env.wantEventProblem(changed("T-0", "C9"), TicketConflict, "a second change of one ticket")
		counted(5, 2, 7)
		// Once the passenger is pre-verified, no limit applies.
		env.checkAtWindow(Ref{h.Account(), guest.ID}, true)
		env.wantDecision(change("C1"), "", "a change for a pre-verified passenger")
		env.wantDecision(buy, "", "a purchase for a pre-verified passenger")
	})
}

// The limit of a to-be-submitted account is for all passengers.
func TestP16_TicketsOfAnAccountAreBoundedIncludingChanges(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		guest := env.addPassenger(h, visitor(2))
		env.checkAtWindow(Ref{h.Account(), guest.ID}, true) // pre-verified: the limit per passenger does not apply
		change := func(from string, i int) TicketEvent {
			return TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: from, Issued: []Ticket{{Reference: fmt.Sprintf("C%d", i), Ends: env.Now().Add(3 * day)}}}
		}
		ten := make([]string, 10)
		for i := range ten {
			ten[i] = guest.ID
		}
		env.record(env.purchase(h, "T", ten...))
		got := env.AtOnce(40, func(i int) error { // ten changes, each reported twice, and twenty purchases
			if i%2 == 0 {
				return env.RecordTicketEvent(t.Context(), change(fmt.Sprintf("T-%d", i/4), i/4))
			}
			return env.RecordTicketEvent(t.Context(), env.purchase(h, fmt.Sprintf("S%d", i), guest.ID))
		})
		own := env.ownEntry(h)
		bought := env.Count(`SELECT COUNT(*) FROM tickets`) - 20 // ten changed tickets and their ten replacements
		if own.Tickets != 20+bought || env.line(h, guest.ID).Tickets != own.Tickets || got[""] != 20+bought || got[rules.AccountTicketLimit] != 20-bought {
			t.Fatalf("%v, %d tickets, %d bought besides the changes", got, own.Tickets, bought)
		}
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{guest.ID}}, rules.AccountTicketLimit, "the 21st")
		env.wantDecision(DecisionRequest{Kind: ChangeOnline, Account: h.Account(), Ticket: "C0"}, rules.AccountTicketLimit, "a change that would be the 21st")
		env.wantDecision(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "C0"}, "", "a refund")
	})
}

// Rule B5 counts changed and refunded tickets.
func TestB5_RefundDoesNotDecreaseTheCount(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		env.record(env.purchase(h, "T1", "", "", "", ""))
		for i := range 4 {
			env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: fmt.Sprintf("T1-%d", i)})
		}
		env.wantEventProblem(env.purchase(h, "T2", ""), rules.PassengerTicketLimit, "a fifth, the four refunded")
	})
}

func TestB6_OnlineRefundAndChangeByStatus(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h, other := env.registerVerified(resident(1)), env.registerVerified(resident(2))
		guest := env.addPassenger(h, visitor(1))
		env.record(env.purchase(h, "T1", guest.ID, ""))
		refund := func(account, ticket string) DecisionRequest {
			return DecisionRequest{Kind: RefundOnline, Account: account, Ticket: ticket}
		}
		change := func(account, ticket string) DecisionRequest {
			return DecisionRequest{Kind: ChangeOnline, Account: account, Ticket: ticket}
		}
		env.wantDecision(refund(h.Account(), "T1-0"), "", "a ticket it bought")
		env.wantDecision(change(h.Account(), "T1-0"), "", "a change for a to-be-submitted visitor")
		env.wantDecision(change(h.Account(), "T1-1"), "", "a change for the holder")
		for _, q := range []DecisionRequest{refund(other.Account(), "T1-0"), change(other.Account(), "T1-0"), refund(h.Account(), "T9"), change(h.Account(), "T9")} {
			env.wantDecision(q, rules.NotItsTicket, "a ticket of another account")
		}
		env.checkAtWindow(Ref{h.Account(), guest.ID}, false)
		env.wantDecision(change(h.Account(), "T1-0"), rules.PassengerStatus, "a failed passenger's")
		env.wantDecision(refund(h.Account(), "T1-0"), "", "a refund for a failed passenger")
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}))
		env.wantDecision(refund(h.Account(), "T1-1"), "", "a refund for a failed account")
		env.wantDecision(change(h.Account(), "T1-1"), rules.PassengerStatus, "a change for a failed holder")

		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketChanged, Order: "E2", Ticket: "T1-0", Issued: []Ticket{{Reference: "T2", Ends: env.Now().Add(day)}}})
		env.wantDecision(refund(h.Account(), "T2"), "", "a refund of a ticket issued by a change")
		env.Pass(day)
		env.Must(env.Delete(t.Context(), h, guest.ID))
		env.wantDecision(change(h.Account(), "T2"), rules.PassengerStatus, "a change for a deleted passenger")
		env.wantDecision(refund(h.Account(), "T2"), "", "a refund for a deleted passenger")
	})
}

// A counter is known by its credential; a ticketing system states the counter.
func TestB7_ServicesAtEachCounter(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		guest := env.addPassenger(h, visitor(1))
		env.record(env.purchase(h, "T1", "", guest.ID))
		serve := func(role staff.Role, ticket string, s rules.Service) DecisionRequest {
			return DecisionRequest{Principal: env.by(role), Kind: Serve, Ticket: ticket, Serve: rules.Serving{Service: s}}
		}
		for s := rules.Exchange; s <= rules.Refund; s++ {
			var agency problem.Code
			if s != rules.Exchange {
				agency = rules.ServiceNotHere
			}
			env.wantDecision(serve(staff.Window, "T1-0", s), "", "a window for a verified passenger")
			env.wantDecision(serve(staff.Agency, "T1-0", s), agency, "an agency for a verified passenger")
			q := serve(staff.Ticketing, "T1-0", s)
			q.Serve.At = rules.Agency
			env.wantDecision(q, agency, "a ticketing system for an agency")
			if d := env.wantDecision(serve(staff.Window, "T1-1", s), "", "a window for a visitor"); d.First != rules.PreVerification {
				t.Errorf("%v: first %v", s, d.First)
			}
		}
		env.wantDecision(serve(staff.Agency, "T1-1", rules.Exchange), rules.StationWindowOnly, "an agency for a visitor")
		env.checkAtWindow(Ref{h.Account(), guest.ID}, false)
		for s := rules.Exchange; s <= rules.Refund; s++ {
			code := rules.RefundOnly
			if s == rules.Refund {
				code = ""
			}
			env.wantDecision(serve(staff.Window, "T1-1", s), code, "a window after a failed pre-verification")
		}
		env.Refuses(TicketUnknown, "an unknown ticket")(env.Decide(t.Context(), serve(staff.Window, "T9", rules.Exchange)))
	})
}

// A child without a document travels on the adult's, and the ticket counts for the adult.
func TestB9_ChildsTicketCountsForTheAdult(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(visitor(1))
		env.record(env.purchase(h, "T1", "", ""))
		env.wantDecision(DecisionRequest{Kind: Buy, Account: h.Account(), For: []string{"", "", ""}}, rules.PassengerTicketLimit, "a third journey with a child would be five tickets")
	})
}

func TestInvalidQuestionsAndReportsAreRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
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
			q.Principal = env.by(staff.Ticketing)
			d, err := env.Decide(t.Context(), q)
			if env.Refused(err, QuestionInvalid, fmt.Sprintf("question %d", i)); d != (Decision{}) {
				t.Errorf("question %d was decided despite the error", i)
			}
		}
		_, err := env.Decide(t.Context(), DecisionRequest{Principal: env.by(staff.Ticketing), Kind: Buy, Account: "acc_none", For: []string{""}})
		env.Refused(err, EntryNotFound, "an account that does not exist")
		_, err = env.Decide(t.Context(), DecisionRequest{Principal: env.by(staff.Ticketing), Kind: Buy, Account: acc, For: []string{"psg_none"}})
		env.Refused(err, EntryNotFound, "a passenger that does not exist")

		ends := env.Now().Add(day)
		issued := func(more ...Ticket) []Ticket { return append([]Ticket{{Reference: "T1", Ends: ends}}, more...) }
		many := make([]Ticket, MaxOrder+1)
		for i := range many {
			many[i] = Ticket{Reference: fmt.Sprint(i), Ends: ends}
		}
		for i, e := range []TicketEvent{
			{}, {Kind: 9, Account: acc}, {Kind: TicketsBought, Account: acc}, {Kind: TicketsBought, Issued: issued()}, {Kind: TicketsBought, Account: acc, Issued: many},
			{Kind: TicketsBought, Account: acc, Ticket: "T", Issued: issued()}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T1", Ends: ends})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "", Ends: ends})}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T 2", Ends: ends})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2", Ends: env.Now().Add(-TicketKept)})}, {Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2"})},
			{Kind: TicketsBought, Account: acc, Issued: issued(Ticket{Reference: "T2", Ends: env.Now().Add(maxAhead + time.Second)})},
			{Kind: TicketChanged, Ticket: "T"}, {Kind: TicketChanged, Ticket: "T1", Issued: issued()}, {Kind: TicketChanged, Ticket: "T", Account: acc, Issued: issued()},
			{Kind: TicketChanged, Issued: issued()}, {Kind: TicketChanged, Ticket: "T", Issued: issued(Ticket{Reference: "T2", Ends: ends})},
			{Kind: TicketChanged, Ticket: "T", Issued: []Ticket{{Reference: "T1", Passenger: "psg_1", Ends: ends}}}, {Kind: TicketRefunded}, {Kind: TicketRefunded, Ticket: "T", Issued: issued()},
			{Kind: TicketCancelled}, {Kind: TicketCancelled, Ticket: "T", Issued: issued()}, {Kind: TicketCancelled, Ticket: "T", Account: acc},
			{Kind: TicketsBought, Order: "none", Account: acc, Issued: issued()}, {Kind: TicketsBought, Order: "E 1", Account: acc, Issued: issued()},
			{Kind: TicketChanged, Order: "none", Ticket: "T", Issued: issued()}, {Kind: TicketRefunded, Order: "E1", Ticket: "T"}, {Kind: TicketCancelled, Order: "E1", Ticket: "T"},
		} {
			e.Principal = env.by(staff.Ticketing)
			switch {
			case e.Order == "none":
				e.Order = ""
			case e.Order == "" && (e.Kind == TicketsBought || e.Kind == TicketChanged):
				e.Order = "E1"
			}
			env.wantEventProblem(e, EventInvalid, fmt.Sprintf("report %d", i))
		}
		if env.Count(`SELECT COUNT(*) FROM tickets`) != 0 || env.ownEntry(h).Tickets != 0 {
			t.Error("an invalid report changed the database")
		}
	})
}
