package harness

import (
	"net/http"

	"github.com/railgate/railgate/issuance/problem"
)

// Identified is the person of a code, as staff are told.
type Identified struct {
	Serial       string
	Scopes       []string
	SecondsLeft  int    `json:"seconds_left"`
	Name         string `json:"name"`
	DocumentType string `json:"document_type"`
	Masked       string `json:"document_number_masked"`
	Bookings     []Booking
}

// Booking is a ticket of the person.
type Booking struct {
	State     string
	Order     string
	Reference string
	EndsAt    int64 `json:"ends_at"`
	Journey   *struct {
		Train, From, To, Coach, Seat string
		DepartsAt                    int64 `json:"departs_at"`
	}
}

// TryIdentify asks for the person of a code, whatever the answer.
func (s *Staff) TryIdentify(code, purpose string) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/identifications", Object{"code": code, "purpose": purpose})
}

// Identify asks for the person of a code, and expects an answer.
func (s *Staff) Identify(code, purpose string) Identified {
	s.h.T.Helper()
	return As[Identified](s.h.T, s.TryIdentify(code, purpose), http.StatusOK)
}

// CodeRefused asserts that a code identified no person, for the reason of a verdict.
func (a Answer) CodeRefused(h *Harness, reason string) Problem {
	h.T.Helper()
	p := a.Refused(h.T, problem.Code("code_refused"))
	if r := As[struct{ Reason string }](h.T, a, a.Status).Reason; r != reason {
		h.T.Fatalf("the code was refused for %s, want %s", r, reason)
	}
	return p
}

// TrySubjects asks for the pseudonyms of persons on a day, whatever the answer.
func (s *Ticketing) TrySubjects(day int64, persons ...Person) Answer {
	s.h.T.Helper()
	list := []Object{}
	for _, p := range persons {
		list = append(list, Object{"document_type": p.DocumentType, "document_number": p.DocumentNumber})
	}
	return s.Call("POST", "/v1/subjects", Object{"day": day, "persons": list})
}

// Subjects asks for the pseudonyms of persons on a day.
func (s *Ticketing) Subjects(day int64, persons ...Person) []string {
	s.h.T.Helper()
	return As[struct{ Subjects []string }](s.h.T, s.TrySubjects(day, persons...), http.StatusOK).Subjects
}

// Redeem shows a code that a passenger's app handed over, whatever the answer.
func (s *Ticketing) Redeem(code string, more Object) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/account-codes", With(Object{"code": code}, more))
}

// Code makes a one-time code for a ticketing system.
func (a *Account) Code(more Object) string {
	a.h.T.Helper()
	return As[struct{ Code string }](a.h.T, a.TryCode(more), http.StatusCreated).Code
}

// TryCode is Code, whatever the answer.
func (a *Account) TryCode(more Object) Answer {
	a.h.T.Helper()
	return a.Call("POST", "/v1/account/codes", With(Object{"client": "ticketing-1"}, more))
}
