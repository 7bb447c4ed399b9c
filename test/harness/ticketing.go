package harness

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/problem"
)

// Ticketing is a ticketing system.
type Ticketing struct {
	*Staff
}

// Decision is the answer of the rules to a ticketing system or a counter.
type Decision struct {
	Allowed bool
	First   string
	Refused *Problem
}

// Yes asserts that the rules allow it without a first step.
func (d Decision) Yes(t testing.TB) {
	t.Helper()
	if !d.Allowed || d.First != "" {
		t.Fatalf("allowed %v, first %q, refused %+v", d.Allowed, d.First, d.Refused)
	}
}

// No asserts that the rules refuse it with this problem.
func (d Decision) No(t testing.TB, code problem.Code) Problem {
	t.Helper()
	if d.Allowed || d.Refused == nil || d.Refused.Code != code {
		t.Fatalf("allowed %v, refused %+v, want %s", d.Allowed, d.Refused, code)
	}
	return *d.Refused
}

// Ask sends a question to the rules.
func (s *Ticketing) Ask(question Object) Decision {
	s.h.T.Helper()
	return As[Decision](s.h.T, s.Call("POST", "/v1/decisions", question), http.StatusOK)
}

// MayBuy asks whether an account may buy a ticket for each of the passengers.
func (s *Ticketing) MayBuy(a *Account, passengers ...string) Decision {
	s.h.T.Helper()
	return s.Ask(Object{"kind": "buy", "account": a.ID, "for": passengers})
}

// MayChange asks whether an account may change a ticket online.
func (s *Ticketing) MayChange(a *Account, ticket string) Decision {
	s.h.T.Helper()
	return s.Ask(Object{"kind": "change_online", "account": a.ID, "ticket": ticket})
}

// MayRefund asks whether an account may get a refund for a ticket online.
func (s *Ticketing) MayRefund(a *Account, ticket string) Decision {
	s.h.T.Helper()
	return s.Ask(Object{"kind": "refund_online", "account": a.ID, "ticket": ticket})
}

// Service asks whether a counter ("window", "agency") may perform a service ("exchange", "change",
// "refund") with a ticket.
func (s *Ticketing) Service(ticket, at, service string) Decision {
	s.h.T.Helper()
	return s.Ask(Object{"kind": "serve", "ticket": ticket, "at": at, "service": service})
}

// TryReport reports an event about tickets, for any answer.
func (s *Ticketing) TryReport(event Object) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/tickets", event)
}

// Bought returns the report of a purchase with one ticket for each passenger, valid for two days.
func (s *Ticketing) Bought(a *Account, passengers ...string) (event Object, tickets []string) {
	var issued []Object
	for _, p := range passengers {
		ticket := fmt.Sprintf("E%06d", s.h.next())
		tickets = append(tickets, ticket)
		issued = append(issued, Object{
			"reference": ticket, "passenger": p, "ends_at": s.h.Clock.Now().Add(48 * time.Hour).Unix(), "journey": s.Journey(),
		})
	}
	return Object{"kind": "bought", "account": a.ID, "order": fmt.Sprintf("O%06d", s.h.next()), "issued": issued}, tickets
}

// Journey returns the journey of every reported ticket: it departs in 36 hours.
func (s *Ticketing) Journey() Object {
	departs := s.h.Clock.Now().Add(36 * time.Hour).Unix()
	return Object{"train": "G101", "from": "北京南", "to": "上海虹桥", "departs_at": departs, "arrives_at": departs + 5*3600, "coach": "05", "seat": "12F"}
}

// Buy reports a purchase and returns the tickets' references.
func (s *Ticketing) Buy(a *Account, passengers ...string) []string {
	s.h.T.Helper()
	event, tickets := s.Bought(a, passengers...)
	s.TryReport(event).OK(s.h.T)
	return tickets
}

// Refund reports that a ticket was refunded.
func (s *Ticketing) Refund(_ *Account, ticket string) {
	s.h.T.Helper()
	s.TryReport(Object{"kind": "refunded", "ticket": ticket}).OK(s.h.T)
}

// Cancel reports that the railway cancelled a ticket's train.
func (s *Ticketing) Cancel(ticket string) {
	s.h.T.Helper()
	s.TryReport(Object{"kind": "cancelled", "ticket": ticket}).OK(s.h.T)
}

// Change reports that a ticket was changed and returns the new ticket's reference.
func (s *Ticketing) Change(_ *Account, ticket string) string {
	s.h.T.Helper()
	successor := fmt.Sprintf("E%06d", s.h.next())
	s.TryReport(Object{"kind": "changed", "order": fmt.Sprintf("O%06d", s.h.next()), "ticket": ticket, "issued": []Object{
		{"reference": successor, "ends_at": s.h.Clock.Now().Add(48 * time.Hour).Unix(), "journey": s.Journey()}}}).OK(s.h.T)
	return successor
}

// TrySubjects is [Ticketing.Subjects] for any answer.
func (s *Ticketing) TrySubjects(day int64, persons ...Person) Answer {
	s.h.T.Helper()
	list := []Object{}
	for _, p := range persons {
		list = append(list, Object{"document_type": p.DocumentType, "document_number": p.DocumentNumber})
	}
	return s.Call("POST", "/v1/subjects", Object{"day": day, "persons": list})
}

// Subjects returns the pseudonyms of persons on a day.
func (s *Ticketing) Subjects(day int64, persons ...Person) []string {
	s.h.T.Helper()
	return As[struct{ Subjects []string }](s.h.T, s.TrySubjects(day, persons...), http.StatusOK).Subjects
}

// Redeem presents a code that a passenger's app passed on, for any answer.
func (s *Ticketing) Redeem(code string, more Object) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/account-codes", With(Object{"code": code}, more))
}
