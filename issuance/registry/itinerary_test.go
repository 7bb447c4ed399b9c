package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
)

// A report says which train the ticket is for, the holder reads it, and the
// repetition of a report must say the same.
func TestTicketsHaveAnItinerary(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		bought := w.bought(h, "T1", "")
		bought.Issued = append(bought.Issued, Ticket{Reference: "P1", Ends: w.Now().Add(30 * day)}) // a period ticket
		w.records(bought)
		w.records(bought)
		held, err := w.PersonalData(t.Context(), h)
		if err != nil || len(held.Tickets) != 2 {
			t.Fatalf("%d tickets: %v", len(held.Tickets), err)
		}
		if got := held.Tickets[0]; got.Order != "MarkedOrder" || got.Reference != "T1-0" || *got.Journey != *w.journey() || got.State != Valid {
			t.Errorf("the ticket is not what was reported: order %s, reference %s, state %v", got.Order, got.Reference, got.State)
		}
		if got := held.Tickets[1]; got.Reference != "P1" || got.Journey != nil {
			t.Error("a period ticket names no train")
		}
		for name, other := range map[string]func(e *TicketEvent, j *Journey){
			"order": func(e *TicketEvent, _ *Journey) { e.Order = "E9" }, "train": func(_ *TicketEvent, j *Journey) { j.Train = "G102" },
			"from": func(_ *TicketEvent, j *Journey) { j.From = "南京南" }, "to": func(_ *TicketEvent, j *Journey) { j.To = "南京南" },
			"departs": func(_ *TicketEvent, j *Journey) { j.Departs = j.Departs.Add(time.Minute) }, "arrives": func(_ *TicketEvent, j *Journey) { j.Arrives = j.Arrives.Add(time.Minute) },
			"coach": func(_ *TicketEvent, j *Journey) { j.Coach = "06" }, "seat": func(_ *TicketEvent, j *Journey) { j.Seat = "12A" },
		} {
			e, j := w.bought(h, "T1", ""), w.journey()
			other(&e, j)
			e.Issued[0].Journey = j
			w.notRecorded(e, TicketConflict, "another "+name)
		}
		none := w.bought(h, "T1", "")
		none.Issued[0].Journey = nil
		w.notRecorded(none, TicketConflict, "no journey any more")
		if n := w.own(h).Tickets; n != 2 {
			t.Errorf("%d tickets are counted", n)
		}
	})
}

func TestJourneysAreChecked(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		for what, spoil := range map[string]func(j *Journey){
			"no train": func(j *Journey) { j.Train = "" }, "no coach": func(j *Journey) { j.Coach = "" }, "no seat": func(j *Journey) { j.Seat = "" },
			"no from": func(j *Journey) { j.From = "" }, "no to": func(j *Journey) { j.To = " " }, "a long train": func(j *Journey) { j.Train = strings.Repeat("G", 17) },
			"a long station": func(j *Journey) { j.From = strings.Repeat("站", 61) }, "a line break": func(j *Journey) { j.Seat = "12\nF" },
			"a space before": func(j *Journey) { j.To = " 上海" }, "a reordering character": func(j *Journey) { j.From = "\u202e北京" },
			"broken text": func(j *Journey) { j.Coach = "\xff" }, "an arrival before": func(j *Journey) { j.Arrives = j.Departs },
			"five days": func(j *Journey) { j.Departs = j.Arrives.Add(-5 * day) }, "an arrival after the end": func(j *Journey) { j.Arrives = w.Now().Add(2*day + time.Second) },
			"times that overflow": func(j *Journey) { j.Arrives = time.Unix(1<<63-1, 0); j.Departs = j.Arrives.Add(-time.Hour) },
		} {
			e, j := w.bought(h, "T1", ""), w.journey()
			spoil(j)
			e.Issued[0].Journey = j
			w.notRecorded(e, EventInvalid, what)
		}
		if w.Count(`SELECT COUNT(*) FROM tickets`) != 0 || w.own(h).Tickets != 0 {
			t.Error("something was taken")
		}
		odd := w.bought(h, "T1", "")
		odd.Issued[0].Journey.Seat, odd.Issued[0].Journey.Coach = "无座", "加1"
		w.records(odd)
	})
}

// A cancelled train's ticket can still be changed and given back; what was changed
// or given back first cannot be cancelled. A cancellation gives nothing back to a
// count, and keeps the account until its money is back or the journey's time over.
func TestCancelledTickets(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		w.records(w.bought(h, "T1", "", "", "", ""))
		event := func(k EventKind, ticket string) TicketEvent {
			return TicketEvent{Principal: w.by(staff.Ticketing), Kind: k, Ticket: ticket}
		}
		change := event(TicketChanged, "T1-2")
		change.Order, change.Issued = "E2", []Ticket{{Reference: "T2", Ends: w.Now().Add(3 * day)}}
		w.notRecorded(event(TicketCancelled, "T9"), TicketUnknown, "a ticket that is not known")
		w.records(event(TicketRefunded, "T1-3"))
		w.notRecorded(event(TicketCancelled, "T1-3"), TicketConflict, "a ticket that was given back")
		for _, ticket := range []string{"T1-0", "T1-1", "T1-2"} {
			w.records(event(TicketCancelled, ticket))
		}
		w.records(event(TicketRefunded, "T1-1"))
		w.records(change)
		for range 2 { // repetitions of all of it, in the order of the reports
			w.records(event(TicketCancelled, "T1-0"))
			w.records(event(TicketCancelled, "T1-1"))
			w.records(event(TicketCancelled, "T1-2"))
			w.records(event(TicketRefunded, "T1-1"))
			w.records(change)
		}
		held, err := w.PersonalData(t.Context(), h)
		w.Must(err)
		for _, ticket := range held.Tickets {
			want := map[string]TicketState{"T1-0": Cancelled, "T1-1": Refunded, "T1-2": Changed, "T1-3": Refunded, "T2": Valid}[ticket.Reference]
			if ticket.State != want {
				t.Errorf("%s is %v, want %v", ticket.Reference, ticket.State, want)
			}
		}
		if n := w.auditEntries(staff.ReportTicket); n != 7 {
			t.Errorf("%d entries in the audit log, want one for each of seven reports", n)
		}
		w.answered(DecisionRequest{Kind: RefundOnline, Account: h.Account(), Ticket: "T1-0"}, "", "a cancelled ticket is given back")
		w.Refused(w.closes(h), TicketsUnfinished, "closing while a cancelled ticket is not given back")
		for _, ticket := range []string{"T1-0", "T2"} {
			w.records(event(TicketRefunded, ticket))
		}
		w.Must(w.closes(h))
		if n := w.Count(`SELECT COUNT(*) FROM tickets`); n != 0 {
			t.Errorf("%d itineraries outlive the account", n)
		}
	})
}

// A ticket of the version before has no itinerary: it is shown without, and a
// repetition of its report is one.
func TestTicketsOfBeforeHaveNoItinerary(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		bought := w.bought(h, "T1", "")
		w.records(bought)
		w.Exec(`UPDATE tickets SET id = NULL, itinerary = NULL`)
		w.records(bought)
		held, err := w.PersonalData(t.Context(), h)
		if err != nil || len(held.Tickets) != 1 || held.Tickets[0].Order != "" || held.Tickets[0].Journey != nil {
			t.Fatalf("%d tickets: %v", len(held.Tickets), err)
		}
		if n := w.own(h).Tickets; n != 1 {
			t.Errorf("%d tickets are counted", n)
		}
	})
}

// An itinerary that was moved to another ticket in the database does not open.
func TestMovedItineraryIsAFault(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		w.records(w.bought(h, "T1", "", ""))
		w.Exec(`UPDATE tickets SET itinerary = (SELECT itinerary FROM tickets ORDER BY id LIMIT 1)`)
		_, err := w.PersonalData(t.Context(), h)
		if err == nil || !strings.Contains(fmt.Sprint(err), "column itinerary of tickets tkt_") {
			t.Fatalf("%v", err)
		}
		w.TellsNothing(err)
	})
}

// A person's tickets are found by the document, on whichever account: the person's own
// and every list. Tickets of others on these accounts are not, nor journeys that are
// over, nor those of an identity that a window took from an account.
func TestBookingsAreThePersonsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		person := resident(1)
		own, other := w.verified(person), w.verified(resident(2))
		listed, stranger := w.adds(other, person), w.adds(other, visitor(1))
		w.checks(Ref{other.Account(), listed.ID}, true)
		w.records(w.bought(own, "T1", ""))
		w.records(w.bought(other, "T2", "", listed.ID, stranger.ID))
		references := func() string {
			t.Helper()
			all, err := w.Bookings(t.Context(), person.DocumentNumber)
			w.Must(err)
			var found []string
			for _, b := range all {
				if b.Order != "MarkedOrder" || b.Journey == nil || *b.Journey != *w.journey() && len(found) == 0 && b.State == Valid {
					t.Errorf("%s is not what was reported", b.Reference)
				}
				found = append(found, fmt.Sprintf("%s %v", b.Reference, b.State))
			}
			return strings.Join(found, ", ")
		}
		if got := references(); got != "T1-0 valid, T2-1 valid" && got != "T2-1 valid, T1-0 valid" {
			t.Fatalf("found %s", got)
		}
		if all, err := w.Bookings(t.Context(), resident(3).DocumentNumber); err != nil || len(all) != 0 {
			t.Fatalf("of a person without tickets: %d, %v", len(all), err)
		}
		w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketCancelled, Ticket: "T2-1"})
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(person), Visit: goodVisit}))
		if got := references(); got != "T2-1 cancelled" {
			t.Fatalf("found %s", got)
		}
		w.Pass(3 * day)
		if got := references(); got != "T2-1 cancelled" {
			t.Fatalf("after the journey: %s", got)
		}
		w.records(TicketEvent{Principal: w.by(staff.Ticketing), Kind: TicketRefunded, Ticket: "T2-1"})
		if got := references(); got != "" {
			t.Fatalf("given back, after the journey: %s", got)
		}
	})
}

func TestBookingsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		for i := range MaxBookings/MaxOrder + 1 {
			w.records(w.bought(h, fmt.Sprintf("T%d", i), make([]string, MaxOrder)...))
		}
		if all, err := w.Bookings(t.Context(), resident(1).DocumentNumber); err != nil || len(all) != MaxBookings {
			t.Fatalf("%d bookings: %v", len(all), err)
		}
	})
}
