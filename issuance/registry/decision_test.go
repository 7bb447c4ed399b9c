package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// The credential says that it is a machine; the order number is that of the report.
func TestR27_MachinesAndOrderNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		special := Ref{h.Account(), w.adds(h, rare(resident(2))).ID}
		seen, err := w.ViewEntry(t.Context(), w.by(staff.Window), special)
		w.Must(err)
		_, err = w.Verify(t.Context(), Check{
			Principal: w.by(staff.Window), Entry: special, Version: seen.Version, Matches: true,
			Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}},
		})
		w.Must(err)
		bought := w.bought(h, "T1", "", special.Passenger)
		w.records(bought)
		ask := func(role staff.Role, ticket string, s rules.Serving) DecisionRequest {
			s.Service = max(s.Service, rules.Exchange)
			return DecisionRequest{Principal: w.by(role), Kind: Serve, Ticket: ticket, Serve: s}
		}
		card := rules.Serving{Original: true, Card: rules.Card{Name: resident(1).Name, Number: resident(1).DocumentNumber}}
		w.answered(ask(staff.Machine, "T1-0", card), "", "a machine with the card")
		w.answered(ask(staff.Machine, "T1-0", rules.Serving{Original: true}), rules.OriginalMissing, "a machine without a card")
		w.answered(ask(staff.Machine, "T1-0", rules.Serving{Service: rules.Refund}), rules.ServiceNotHere, "a refund at a machine")
		w.answered(ask(staff.Machine, "T1-1", rules.Serving{Original: true, Card: rules.Card{Name: rare(resident(2)).Name, Number: resident(2).DocumentNumber}}),
			rules.CounterOnly, "a rare name at a machine")
		order := rules.Serving{Original: true, Order: bought.Order}
		w.answered(ask(staff.Agency, "T1-1", order), "", "an agency with the order number")
		w.answered(ask(staff.Agency, "T1-1", rules.Serving{Original: true}), rules.OrderWrong, "an agency without it")
		order.Service = rules.Refund
		w.answered(ask(staff.Window, "T1-1", order), "", "a refund at a window")
		w.Refuses(staff.ForbiddenRole, "a machine searches")(w.FindEntries(t.Context(), w.by(staff.Machine), shown(resident(1))))
		w.Refuses(staff.ForbiddenRole, "a machine looks")(w.ViewEntry(t.Context(), w.by(staff.Machine), special))
	})
}

// Order numbers and cards are not for guessing: of many at once so many are
// answered, and then the right one is not either.
func TestR29_OrderNumbersAreNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		w.records(w.bought(h, "T1", ""))
		q := DecisionRequest{Principal: w.by(staff.Machine), Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{Service: rules.Exchange, Original: true}}
		q.Serve.Card = rules.Card{Name: resident(1).Name, Number: resident(2).DocumentNumber}
		rule := throttle.DefaultRules.Document
		got := w.AtOnce(20, func(int) error {
			d, err := w.Decide(t.Context(), q)
			if err == nil && !d.Allowed() {
				err = d.Refused
			}
			return err
		})
		if got[rules.CardMismatch] != rule.Failures || got[throttle.TooManyFailures] != 20-rule.Failures {
			t.Fatalf("%v", got)
		}
		q.Serve.Card.Number = resident(1).DocumentNumber
		w.Refuses(throttle.TooManyFailures, "the right card after the lock")(w.Decide(t.Context(), q))
		w.Pass(rule.FirstLock)
		w.answered(q, problem.Code(""), "after the lock")
	})
}
