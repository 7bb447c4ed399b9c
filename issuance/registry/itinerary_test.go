package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
)

// The holder can read the train of a ticket, and a repeated report must state the same train.
func TestTicketsHaveAnItinerary(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		bought := env.purchase(h, "T1", "")
		bought.Issued = append(bought.Issued, Ticket{Reference: "P1", Ends: env.Now().Add(30 * day)}) // a period ticket
		env.record(bought)
		env.record(bought)
		data, err := env.PersonalData(t.Context(), h)
		if err != nil || len(data.Tickets) != 2 {
			t.Fatalf("%d tickets: %v", len(data.Tickets), err)
		}
		if got := data.Tickets[0]; got.Order != "MarkedOrder" || got.Reference != "T1-0" || *got.Journey != *env.journey() || got.State != Valid {
			t.Errorf("the ticket is not what was reported: order %s, reference %s, state %v", got.Order, got.Reference, got.State)
		}
		if got := data.Tickets[1]; got.Reference != "P1" || got.Journey != nil {
			t.Error("a period ticket has a train")
		}
		for name, other := range map[string]func(e *TicketEvent, j *Journey){
			"order": func(e *TicketEvent, _ *Journey) { e.Order = "E9" }, "train": func(_ *TicketEvent, j *Journey) { j.Train = "G102" },
			"from": func(_ *TicketEvent, j *Journey) { j.From = "南京南" }, "to": func(_ *TicketEvent, j *Journey) { j.To = "南京南" },
			"departs": func(_ *TicketEvent, j *Journey) { j.Departs = j.Departs.Add(time.Minute) }, "arrives": func(_ *TicketEvent, j *Journey) { j.Arrives = j.Arrives.Add(time.Minute) },
			"coach": func(_ *TicketEvent, j *Journey) { j.Coach = "06" }, "seat": func(_ *TicketEvent, j *Journey) { j.Seat = "12A" },
		} {
			e, j := env.purchase(h, "T1", ""), env.journey()
			other(&e, j)
			e.Issued[0].Journey = j
			env.wantEventProblem(e, TicketConflict, "another "+name)
		}
		none := env.purchase(h, "T1", "")
		none.Issued[0].Journey = nil
		env.wantEventProblem(none, TicketConflict, "without the journey")
		if n := env.ownEntry(h).Tickets; n != 2 {
			t.Errorf("%d tickets are counted", n)
		}
	})
}

func TestInvalidJourneysAreRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		for what, change := range map[string]func(j *Journey){
			"no train": func(j *Journey) { j.Train = "" }, "no coach": func(j *Journey) { j.Coach = "" }, "no seat": func(j *Journey) { j.Seat = "" },
			"no from": func(j *Journey) { j.From = "" }, "no to": func(j *Journey) { j.To = " " }, "a long train": func(j *Journey) { j.Train = strings.Repeat("G", 17) },
			"a long station": func(j *Journey) { j.From = strings.Repeat("站", 61) }, "a line break": func(j *Journey) { j.Seat = "12\nF" },
			"a space before": func(j *Journey) { j.To = " 上海" }, "a reordering character": func(j *Journey) { j.From = "\u202e北京" },
			"broken text": func(j *Journey) { j.Coach = "\xff" }, "an arrival before": func(j *Journey) { j.Arrives = j.Departs },
			"five days": func(j *Journey) { j.Departs = j.Arrives.Add(-5 * day) }, "an arrival after the end": func(j *Journey) { j.Arrives = env.Now().Add(2*day + time.Second) },
			"times that overflow": func(j *Journey) { j.Arrives = time.Unix(1<<63-1, 0); j.Departs = j.Arrives.Add(-time.Hour) },
		} {
			e, j := env.purchase(h, "T1", ""), env.journey()
			change(j)
			e.Issued[0].Journey = j
			env.wantEventProblem(e, EventInvalid, what)
		}
		if env.Count(`SELECT COUNT(*) FROM tickets`) != 0 || env.ownEntry(h).Tickets != 0 {
			t.Error("an invalid report changed the database")
		}
		odd := env.purchase(h, "T1", "")
		odd.Issued[0].Journey.Seat, odd.Issued[0].Journey.Coach = "无座", "加1"
		env.record(odd)
	})
}

// A cancelled ticket can be changed and refunded; a changed or refunded one cannot be cancelled. A
// cancellation decreases no count, and the account cannot be closed until the refund or the end of
// the journey.
func TestCancelledTicketCanBeChangedAndRefunded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		env.record(env.purchase(h, "T1", "", "", "", ""))
		event := func(k EventKind, ticket string) TicketEvent {
			return TicketEvent{Principal: env.by(staff.Ticketing), Kind: k, Ticket: ticket}
		}
		change := event(TicketChanged, "T1-2")
		change.Order, change.Issued = "E2", []Ticket{{Reference: "T2", Ends: env.Now().Add(3 * day)}}
		env.wantEventProblem(event(TicketCancelled, "T9"), TicketUnknown, "an unknown ticket")
		env.record(event(TicketRefunded, "T1-3"))
		env.wantEventProblem(event(TicketCancelled, "T1-3"), TicketConflict, "a refunded ticket")
		for _, ticket := range []string{"T1-0", "T1-1", "T1-2"} {
			env.record(event(TicketCancelled, ticket))
		}
		env.record(event(TicketRefunded, "T1-1"))
		env.record(change)
		for range 2 { // repetitions of all reports in their order
			env.record(event(TicketCancelled, "T1-0"))
			env.record(event(TicketCancelled, "T1-1"))
			env.record(event(TicketCancelled, "T1-2"))
			env.record(event(TicketRefunded, "T1-1"))
			env.record(change)
		}
		data, err := env.PersonalData(t.Context(), h)
		env.Must(err)
		for _, ticket := range data.Tickets {
			want := map[string]TicketState{"T1-0": Cancelled, "T1-1": Refunded, "T1-2": Changed, "T1-3": Refunded, "T2": Valid}[ticket.Reference]
			if ticket.State != want {
				t.Errorf("%s is %v, want %v", ticket.Reference, ticket.State, want)
			}
		}
		if n := env.auditEntries(staff.ReportTicket); n != 7 {
			t.Errorf("%d entries in the audit log, want one for each of seven reports", n)
		}
		env.wantDecision(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "T1-0"}, "", "a refund of a cancelled ticket")
		env.Refused(env.closeAccount(h), TicketsUnfinished, "closing before the refund of a cancelled ticket")
		for _, ticket := range []string{"T1-0", "T2"} {
			env.record(event(TicketRefunded, ticket))
		}
		env.Must(env.closeAccount(h))
		if n := env.Count(`SELECT COUNT(*) FROM tickets`); n != 0 {
			t.Errorf("%d itineraries outlive the account", n)
		}
	})
}

// A ticket of an older version is shown without itinerary, and its report can be repeated.
func TestOlderTicketsHaveNoItinerary(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		bought := env.purchase(h, "T1", "")
		env.record(bought)
		env.Exec(`UPDATE tickets SET id = NULL, itinerary = NULL`)
		env.record(bought)
		data, err := env.PersonalData(t.Context(), h)
		if err != nil || len(data.Tickets) != 1 || data.Tickets[0].Order != "" || data.Tickets[0].Journey != nil {
			t.Fatalf("%d tickets: %v", len(data.Tickets), err)
		}
		if n := env.ownEntry(h).Tickets; n != 1 {
			t.Errorf("%d tickets are counted", n)
		}
	})
}

func TestItineraryMovedInTheDatabaseIsAFault(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		env.record(env.purchase(h, "T1", "", ""))
		env.Exec(`UPDATE tickets SET itinerary = (SELECT itinerary FROM tickets ORDER BY id LIMIT 1)`)
		_, err := env.PersonalData(t.Context(), h)
		if err == nil || !strings.Contains(fmt.Sprint(err), "column itinerary of tickets tkt_") {
			t.Fatalf("%v", err)
		}
		env.TellsNothing(err)
	})
}

// Tickets are found by the document in the person's own account and on every list. Tickets of others
// in these accounts are not found, nor past journeys, nor those of an identity that a window took
// from an account.
func TestBookingsAreOfThePersonAlone(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		person := resident(1)
		own, other := env.registerVerified(person), env.registerVerified(resident(2))
		listed, stranger := env.addPassenger(other, person), env.addPassenger(other, visitor(1))
		env.checkAtWindow(Ref{other.Account(), listed.ID}, true)
		env.record(env.purchase(own, "T1", ""))
		env.record(env.purchase(other, "T2", "", listed.ID, stranger.ID))
		references := func() string {
			t.Helper()
			all, err := env.Bookings(t.Context(), person.DocumentNumber)
			env.Must(err)
			var found []string
			for _, b := range all {
				if b.Order != "MarkedOrder" || b.Journey == nil || *b.Journey != *env.journey() && len(found) == 0 && b.State == Valid {
					t.Errorf("%s is not what was reported", b.Reference)
				}
				found = append(found, fmt.Sprintf("%s %v", b.Reference, b.State))
			}
			return strings.Join(found, ", ")
		}
		if got := references(); got != "T1-0 valid, T2-1 valid" && got != "T2-1 valid, T1-0 valid" {
			t.Fatalf("found %s", got)
		}
		if all, err := env.Bookings(t.Context(), resident(3).DocumentNumber); err != nil || len(all) != 0 {
			t.Fatalf("of a person without tickets: %d, %v", len(all), err)
		}
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketCancelled, Ticket: "T2-1"})
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(person), Visit: validVisit}))
		if got := references(); got != "T2-1 cancelled" {
			t.Fatalf("found %s", got)
		}
		env.Pass(3 * day)
		if got := references(); got != "T2-1 cancelled" {
			t.Fatalf("after the journey: %s", got)
		}
		env.record(TicketEvent{Principal: env.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T2-1"})
		if got := references(); got != "" {
			t.Fatalf("refunded, after the journey: %s", got)
		}
	})
}

func TestBookingsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		for i := range MaxBookings/MaxOrder + 1 {
			env.record(env.purchase(h, fmt.Sprintf("T%d", i), make([]string, MaxOrder)...))
		}
		if all, err := env.Bookings(t.Context(), resident(1).DocumentNumber); err != nil || len(all) != MaxBookings {
			t.Fatalf("%d bookings: %v", len(all), err)
		}
	})
}
