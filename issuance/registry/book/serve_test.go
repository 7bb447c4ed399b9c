package book

import (
	"testing"

	"github.com/railgate/railgate/issuance/attempts"
	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
)

// The credential says that it is a machine; the order number is that of the report.
func TestR27_MachinesAndOrderNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := w.verified(resident(1))
		special := Ref{h.Account(), w.adds(h, rare(resident(2))).ID}
		seen, err := w.Look(t.Context(), w.by(staff.Window), special)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Verify(t.Context(), Check{
			Act: w.by(staff.Window), Entry: special, Version: seen.Version, Original: true, InDate: true, Readable: true, Matches: true,
			Proof: registry.Proof{Kind: registry.HolderNumber, Value: resident(1).DocumentNumber},
		})
		if err != nil {
			t.Fatal(err)
		}
		bought := w.bought(h, "T1", "", special.Passenger)
		w.records(bought)
		ask := func(role staff.Role, ticket string, s registry.Serving) Question {
			s.Service = max(s.Service, registry.Exchange)
			return Question{Act: w.by(role), Kind: Serve, Ticket: ticket, Serve: s}
		}
		card := registry.Serving{Original: true, Card: registry.Card{Name: resident(1).Name, Number: resident(1).DocumentNumber}}
		w.answered(ask(staff.Machine, "T1-0", card), "", "a machine with the card")
		w.answered(ask(staff.Machine, "T1-0", registry.Serving{Original: true}), registry.OriginalMissing, "a machine without a card")
		w.answered(ask(staff.Machine, "T1-0", registry.Serving{Service: registry.Refund}), registry.ServiceNotHere, "a refund at a machine")
		w.answered(ask(staff.Machine, "T1-1", registry.Serving{Original: true, Card: registry.Card{Name: rare(resident(2)).Name, Number: resident(2).DocumentNumber}}),
			registry.CounterOnly, "a rare name at a machine")
		order := registry.Serving{Original: true, Order: bought.Order}
		w.answered(ask(staff.Agency, "T1-1", order), "", "an agency with the order number")
		w.answered(ask(staff.Agency, "T1-1", registry.Serving{Original: true}), registry.OrderWrong, "an agency without it")
		order.Service = registry.Refund
		w.answered(ask(staff.Window, "T1-1", order), "", "a refund at a window")
		_, err = w.Find(t.Context(), w.by(staff.Machine), shown(resident(1)))
		w.refused(err, staff.ForbiddenRole, "a machine searches")
		_, err = w.Look(t.Context(), w.by(staff.Machine), special)
		w.refused(err, staff.ForbiddenRole, "a machine looks")
	})
}

// Order numbers and cards are not for guessing: of many at once so many are
// answered, and then the right one is not either.
func TestR29_OrderNumbersAreNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := w.verified(resident(1))
		w.records(w.bought(h, "T1", ""))
		q := Question{Act: w.by(staff.Machine), Kind: Serve, Ticket: "T1-0", Serve: registry.Serving{Service: registry.Exchange, Original: true}}
		q.Serve.Card = registry.Card{Name: resident(1).Name, Number: resident(2).DocumentNumber}
		rule := attempts.DefaultRules.Document
		got := w.atOnce(20, func(int) error {
			d, err := w.Ask(t.Context(), q)
			if err == nil && !d.Allowed() {
				err = d.Refused
			}
			return err
		})
		if got[registry.CardMismatch] != rule.Failures || got[attempts.TooManyFailures] != 20-rule.Failures {
			t.Fatalf("%v", got)
		}
		q.Serve.Card.Number = resident(1).DocumentNumber
		_, err := w.Ask(t.Context(), q)
		w.refused(err, attempts.TooManyFailures, "the right card after the lock")
		w.pass(rule.FirstLock)
		w.answered(q, refusal.Code(""), "after the lock")
	})
}
