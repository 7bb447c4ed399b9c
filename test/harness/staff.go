package harness

import (
	"net/http"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Staff is a staff member with one role.
type Staff struct {
	h      *Harness
	Secret string
}

// Staff returns the member with the role.
func (h *Harness) Staff(role staff.Role) *Staff { return &Staff{h, h.secrets[role]} }

// StaffWith returns the member whose credential an [Option] added.
func (h *Harness) StaffWith(secret string) *Staff { return &Staff{h, secret} }

// KeyID returns the ID of the issuer key, for tests of a stolen key.
func (h *Harness) KeyID() tokens.KeyID { return keys().IssuerID }

// Signer returns the issuer key.
func (h *Harness) Signer() signing.Signer { return keys().Issuer }

// Window returns the member with the role window.
func (h *Harness) Window() *Staff { return h.Staff(staff.Window) }

// Agency returns the member with the role agency.
func (h *Harness) Agency() *Staff { return h.Staff(staff.Agency) }

// Police returns the member with the role police.
func (h *Harness) Police() *Staff { return h.Staff(staff.Police) }

// Operator returns the member with the role operator.
func (h *Harness) Operator() *Staff { return h.Staff(staff.Operator) }

// Authority returns the member with the role authority.
func (h *Harness) Authority() *Staff { return h.Staff(staff.Authority) }

// AuditLog returns the audit log as an operator reads it.
func (h *Harness) AuditLog() string {
	h.T.Helper()
	return string(h.Operator().Call("GET", "/v1/audit-log", nil).Body)
}

// Call sends a request with the member's credential.
func (s *Staff) Call(method, path string, body any) Answer {
	s.h.T.Helper()
	return s.h.Call(method, path, s.Secret, body)
}

// Search finds the entries with a document that the counter may check now.
func (s *Staff) Search(who Person) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/counter/searches", who.Document())
}

// Look shows an entry to a counter.
func (s *Staff) Look(a *Account, passenger string) Entry {
	s.h.T.Helper()
	return As[Entry](s.h.T, s.Call("POST", "/v1/counter/looks", a.Ref(passenger)), http.StatusOK)
}

// Verify presents the original document of an entry to the counter; more adds or changes fields of
// the result.
func (s *Staff) Verify(a *Account, passenger string, more Object) Answer {
	s.h.T.Helper()
	seen := s.Call("POST", "/v1/counter/looks", a.Ref(passenger))
	if seen.Status != http.StatusOK {
		return seen
	}
	body := With(a.Ref(passenger), Object{"version": As[Entry](s.h.T, seen, http.StatusOK).Version, "original": true, "in_date": true, "readable": true, "matches": true})
	return s.Call("POST", "/v1/counter/verifications", With(body, more))
}

// FreeIdentity presents the original of a document whose identity another account uses. The
// identity of that account then fails.
func (s *Staff) FreeIdentity(who Person, more Object) Answer {
	s.h.T.Helper()
	body := With(who.Document(), Object{"original": true, "in_date": true, "readable": true})
	return s.Call("POST", "/v1/counter/duplicates", With(body, more))
}

// Settle has a window confirm that an entry matches its document, and the national authority too
// unless the document is a resident ID card. It returns the status.
func (a *Account) Settle(passenger string) (status string) {
	a.h.T.Helper()
	status = As[Entry](a.h.T, a.h.Window().Verify(a, passenger, nil), http.StatusOK).Status
	if status == "pre_verified" {
		status = As[Entry](a.h.T, a.Judge(passenger, true), http.StatusOK).Status
	}
	return status
}

// Fail has a window report that an entry does not match its document.
func (a *Account) Fail(passenger string) {
	a.h.T.Helper()
	e := As[Entry](a.h.T, a.h.Window().Verify(a, passenger, Object{"matches": false}), http.StatusOK)
	if e.Status != "failed" {
		a.h.T.Fatalf("the status of the entry is %s, want failed", e.Status)
	}
}

// Judge has the national authority decide on a pre-verified entry.
func (a *Account) Judge(passenger string, matches bool) Answer {
	a.h.T.Helper()
	by := a.h.Authority()
	seen := As[Entry](a.h.T, by.Call("POST", "/v1/authority/looks", a.Ref(passenger)), http.StatusOK)
	return by.Call("POST", "/v1/authority/results", With(a.Ref(passenger), Object{"version": seen.Version, "matches": matches}))
}

// PaperProof records that the police desk issued a proof on paper.
func (s *Staff) PaperProof(who Person, reason string) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/paper-proofs", With(who.Document(), Object{"reason": reason}))
}

// Revoke revokes a credential.
func (s *Staff) Revoke(serial string) {
	s.h.T.Helper()
	s.Call("POST", "/v1/credentials/"+serial+"/revoke", Object{"reason": "lost_phone"}).OK(s.h.T)
}

// Machine returns the member with the role machine, a ticket machine.
func (h *Harness) Machine() *Staff { return h.Staff(staff.Machine) }

// Found is an entry in the result of a search.
type Found struct {
	Account, Passenger, Status string
	IdentityLost               bool `json:"identity_lost"`
}

// Found returns the entries that [Staff.Search] finds; more adds fields to the request.
func (s *Staff) Found(who Person, more Object) []Found {
	s.h.T.Helper()
	return As[struct{ Entries []Found }](s.h.T, s.Call("POST", "/v1/counter/searches", With(who.Document(), more)), http.StatusOK).Entries
}

// Correct has a window correct an entry from the original document after a wrong check; more
// changes the request.
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

// Claim has a window assign an identity to the account of its owner; more changes the request.
func (s *Staff) Claim(a *Account, who Person, more Object) Answer {
	s.h.T.Helper()
	body := With(who.Identity(), Object{
		"account": a.ID, "version": a.Entry("holder").Version, "original": true, "in_date": true, "readable": true, "proof": a.PhoneEnd(),
	})
	return s.Call("POST", "/v1/counter/claims", With(body, more))
}

// Serve asks whether the counter or machine may perform a service with a ticket; more says what the
// traveller presented.
func (s *Staff) Serve(ticket, service string, more Object) Decision {
	s.h.T.Helper()
	return As[Decision](s.h.T, s.Call("POST", "/v1/counter/services", With(Object{"ticket": ticket, "service": service}, more)), http.StatusOK)
}

// Identified is the person behind a code, as staff see them.
type Identified struct {
	Serial, Name string
	Scopes       []string
	SecondsLeft  int    `json:"seconds_left"`
	DocumentType string `json:"document_type"`
	Masked       string `json:"document_number_masked"`
	Bookings     []Booking
}

// Booking is a ticket of the person.
type Booking struct {
	State, Order, Reference string
	EndsAt                  int64 `json:"ends_at"`
	Journey                 *struct {
		Train, From, To, Coach, Seat string
		DepartsAt                    int64 `json:"departs_at"`
	}
}

// TryIdentify is [Staff.Identify] for any answer.
func (s *Staff) TryIdentify(code, purpose string) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/identifications", Object{"code": code, "purpose": purpose})
}

// Identify asks for the person behind a code.
func (s *Staff) Identify(code, purpose string) Identified {
	s.h.T.Helper()
	return As[Identified](s.h.T, s.TryIdentify(code, purpose), http.StatusOK)
}
