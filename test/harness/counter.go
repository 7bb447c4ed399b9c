package harness

import (
	"net/http"

	"github.com/railgate/railgate/issuance/staff"
)

// Machine is a ticket machine.
func (h *Harness) Machine() *Staff { return h.Staff(staff.Machine) }

// Found is an entry that a search found.
type Found struct {
	Account      string `json:"account"`
	Passenger    string `json:"passenger"`
	Status       string `json:"status"`
	IdentityLost bool   `json:"identity_lost"`
}

// Found are the entries that Search finds; more adds fields to the question.
func (s *Staff) Found(who Person, more Object) []Found {
	s.h.T.Helper()
	shown := With(who.Identity(), more)
	delete(shown, "name")
	return As[struct{ Entries []Found }](s.h.T, s.Call("POST", "/v1/counter/searches", shown), http.StatusOK).Entries
}

// PhoneEnd is the proof that an account is its holder's (rule B1).
func (a *Account) PhoneEnd() Object {
	a.h.T.Helper()
	phone := a.Profile()["phone"].(string)
	return Object{"kind": "phone_end", "value": phone[len(phone)-4:]}
}

// HolderNumber is the proof that a passenger is on the account's list (rule B1).
func (a *Account) HolderNumber() Object {
	return Object{"kind": "holder_number", "value": a.Person.DocumentNumber}
}

// SaveProfile hands the profile in again as it is; more changes fields.
func (a *Account) SaveProfile(more Object) Answer {
	a.h.T.Helper()
	form, p := Object{}, a.Profile()
	for _, field := range []string{"version", "name", "substituted", "document_type", "document_number", "nationality", "phone", "email"} {
		if v, ok := p[field]; ok {
			form[field] = v
		}
	}
	return a.Call("PUT", "/v1/account", With(form, more))
}

// Save submits an entry of the list as a person's: unchanged, or corrected.
func (a *Account) Save(passenger string, who Person) Answer {
	a.h.T.Helper()
	return a.Call("PUT", "/v1/account/passengers/"+passenger, With(who.Entry(), Object{"version": a.Entry(passenger).Version}))
}

// Correct has a window write an original over an entry that was checked wrongly; more
// changes what is sent.
func (s *Staff) Correct(a *Account, passenger string, who Person, more Object) Answer {
	s.h.T.Helper()
	proof := a.PhoneEnd()
	if passenger != "holder" {
		proof = a.HolderNumber()
	}
	body := With(With(a.Ref(passenger), who.Identity()), Object{
		"version": a.Entry(passenger).Version, "original": true, "in_date": true, "readable": true, "proof": proof,
	})
	return s.Call("POST", "/v1/counter/corrections", With(body, more))
}

// Claim has a window give an identity to the account of its owner; more changes what is
// sent.
func (s *Staff) Claim(a *Account, who Person, more Object) Answer {
	s.h.T.Helper()
	body := With(who.Identity(), Object{
		"account": a.ID, "version": a.Entry("holder").Version, "original": true, "in_date": true, "readable": true, "proof": a.PhoneEnd(),
	})
	return s.Call("POST", "/v1/counter/claims", With(body, more))
}

// Serve asks whether the counter or machine does a service with a ticket; more says what
// the traveller brought.
func (s *Staff) Serve(ticket, service string, more Object) Decision {
	s.h.T.Helper()
	return As[Decision](s.h.T, s.Call("POST", "/v1/counter/services", With(Object{"ticket": ticket, "service": service}, more)), http.StatusOK)
}

// Card is the data that a machine reads from a person's resident ID card.
func (p Person) Card() Object {
	return Object{"original": true, "card": Object{"name": p.Name, "document_number": p.DocumentNumber}}
}
