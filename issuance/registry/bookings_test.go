package registry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/staff"
)

// A person's tickets are found by the document, on whichever account: the person's own
// and every list. Tickets of others on these accounts are not, nor journeys that are
// over, nor those of an identity that a window took from an account.
func TestBookingsAreThePersonsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		person := resident(1)
		own, other := w.verified(person), w.verified(resident(2))
		listed, stranger := w.adds(other, person), w.adds(other, visitor(1))
		w.checks(Ref{other.Account(), listed.ID}, true)
		w.records(w.bought(own, "T1", ""))
		w.records(w.bought(other, "T2", "", listed.ID, stranger.ID))
		references := func() string {
			t.Helper()
			all, err := w.Bookings(t.Context(), person.DocumentNumber)
			if err != nil {
				t.Fatal(err)
			}
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
		if err := w.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(person), Original: true, InDate: true, Readable: true}); err != nil {
			t.Fatal(err)
		}
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
	each(t, func(t *testing.T, w *world) {
		h := w.verified(resident(1))
		for i := range MaxBookings/MaxOrder + 1 {
			w.records(w.bought(h, fmt.Sprintf("T%d", i), make([]string, MaxOrder)...))
		}
		if all, err := w.Bookings(t.Context(), resident(1).DocumentNumber); err != nil || len(all) != MaxBookings {
			t.Fatalf("%d bookings: %v", len(all), err)
		}
	})
}
