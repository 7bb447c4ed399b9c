package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// The credential determines that the caller is a machine; the order number is the reported one.
func TestR27_MachinesAndOrderNumbers(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		special := Ref{h.Account(), env.addPassenger(h, withRareName(resident(2))).ID}
		seen, err := env.ViewEntry(t.Context(), env.by(staff.Window), special)
		env.Must(err)
		_, err = env.Verify(t.Context(), Check{
			Principal: env.by(staff.Window), Entry: special, Version: seen.Version, Matches: true,
			Visit: rules.Visit{Original: true, InDate: true, Readable: true, Proof: rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}},
		})
		env.Must(err)
		bought := env.purchase(h, "T1", "", special.Passenger)
		env.record(bought)
		ask := func(role staff.Role, ticket string, s rules.Serving) DecisionRequest {
			s.Service = max(s.Service, rules.Exchange)
			return DecisionRequest{Principal: env.by(role), Kind: Serve, Ticket: ticket, Serve: s}
		}
		card := rules.Serving{Original: true, Card: rules.Card{Name: resident(1).Name, Number: resident(1).DocumentNumber}}
		env.wantDecision(ask(staff.Machine, "T1-0", card), "", "a machine with the card")
		env.wantDecision(ask(staff.Machine, "T1-0", rules.Serving{Original: true}), rules.OriginalMissing, "a machine without a card")
		env.wantDecision(ask(staff.Machine, "T1-0", rules.Serving{Service: rules.Refund}), rules.ServiceNotHere, "a refund at a machine")
		env.wantDecision(ask(staff.Machine, "T1-1", rules.Serving{Original: true, Card: rules.Card{Name: withRareName(resident(2)).Name, Number: resident(2).DocumentNumber}}),
			rules.CounterOnly, "a rare name at a machine")
		order := rules.Serving{Original: true, Order: bought.Order}
		env.wantDecision(ask(staff.Agency, "T1-1", order), "", "an agency with the order number")
		env.wantDecision(ask(staff.Agency, "T1-1", rules.Serving{Original: true}), rules.OrderWrong, "an agency without it")
		order.Service = rules.Refund
		env.wantDecision(ask(staff.Window, "T1-1", order), "", "a refund at a window")
		env.Refuses(staff.ForbiddenRole, "a machine searches")(env.FindEntries(t.Context(), env.by(staff.Machine), documentOf(resident(1))))
		env.Refuses(staff.ForbiddenRole, "a machine views an entry")(env.ViewEntry(t.Context(), env.by(staff.Machine), special))
	})
}

// A bounded number of concurrent guesses is answered; then the right value is refused as well.
func TestR29_GuessesOfOrderNumbersAndCardsAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		env.record(env.purchase(h, "T1", ""))
		q := DecisionRequest{Principal: env.by(staff.Machine), Kind: Serve, Ticket: "T1-0", Serve: rules.Serving{Service: rules.Exchange, Original: true}}
		q.Serve.Card = rules.Card{Name: resident(1).Name, Number: resident(2).DocumentNumber}
		rule := throttle.DefaultRules.Document
		got := env.AtOnce(20, func(int) error {
			d, err := env.Decide(t.Context(), q)
			if err == nil && !d.Allowed() {
				err = d.Refused
			}
			return err
		})
		if got[rules.CardMismatch] != rule.Failures || got[throttle.TooManyFailures] != 20-rule.Failures {
			t.Fatalf("%v", got)
		}
		q.Serve.Card.Number = resident(1).DocumentNumber
		env.Refuses(throttle.TooManyFailures, "the right card after the lock")(env.Decide(t.Context(), q))
		env.Pass(rule.FirstLock)
		env.wantDecision(q, problem.Code(""), "after the lock")
	})
}
