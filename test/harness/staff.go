package harness

import (
	"net/http"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Staff is a member with one role.
type Staff struct {
	h      *Harness
	Secret string
}

// Staff is the member with the role.
func (h *Harness) Staff(role staff.Role) *Staff { return &Staff{h, h.secrets[role]} }

// Holding is who holds a credential that an [Option] added.
func (h *Harness) Holding(secret string) *Staff { return &Staff{h, secret} }

// KeyID and Signer are the issuer key: what its thief has.
func (h *Harness) KeyID() tokens.KeyID { return keys().IssuerID }

// Signer makes passes as the issuer does.
func (h *Harness) Signer() signing.Signer { return keys().Issuer }

// Window is the member with the role window.
func (h *Harness) Window() *Staff { return h.Staff(staff.Window) }

// Agency is the member with the role agency.
func (h *Harness) Agency() *Staff { return h.Staff(staff.Agency) }

// Police is the member with the role police.
func (h *Harness) Police() *Staff { return h.Staff(staff.Police) }

// Operator is the member with the role operator.
func (h *Harness) Operator() *Staff { return h.Staff(staff.Operator) }

// Authority is the member with the role authority.
func (h *Harness) Authority() *Staff { return h.Staff(staff.Authority) }

// AuditLog is what an operator reads in the audit log now.
func (h *Harness) AuditLog() string {
	h.T.Helper()
	return string(h.Operator().Call("GET", "/v1/audit-log", nil).Body)
}

// Call sends a request with the member's credential.
func (s *Staff) Call(method, path string, body any) Answer {
	s.h.T.Helper()
	return s.h.Call(method, path, s.Secret, body)
}

// Search finds the entries about a document that the counter may check now.
func (s *Staff) Search(who Person) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/counter/searches", who.Document())
}

// Look shows a counter an entry.
func (s *Staff) Look(a *Account, passenger string) Entry {
	s.h.T.Helper()
	return As[Entry](s.h.T, s.Call("POST", "/v1/counter/looks", a.Ref(passenger)), http.StatusOK)
}

// Verify brings the original of an entry to the counter; more adds fields to the
// verdict, or changes them.
func (s *Staff) Verify(a *Account, passenger string, more Object) Answer {
	s.h.T.Helper()
	seen := s.Call("POST", "/v1/counter/looks", a.Ref(passenger))
	if seen.Status != http.StatusOK {
		return seen
	}
	body := With(a.Ref(passenger), Object{"version": As[Entry](s.h.T, seen, http.StatusOK).Version, "original": true, "in_date": true, "readable": true, "matches": true})
	return s.Call("POST", "/v1/counter/verifications", With(body, more))
}

// FreeIdentity brings the original of a document whose identity another account has; that
// account's own identity fails.
func (s *Staff) FreeIdentity(who Person, more Object) Answer {
	s.h.T.Helper()
	body := With(who.Document(), Object{"original": true, "in_date": true, "readable": true})
	return s.Call("POST", "/v1/counter/duplicates", With(body, more))
}

// Settle has a window, and for other documents the national authority, find that an
// entry matches its document; it returns the status.
func (a *Account) Settle(passenger string) (status string) {
	a.h.T.Helper()
	status = As[Entry](a.h.T, a.h.Window().Verify(a, passenger, nil), http.StatusOK).Status
	if status == "pre_verified" {
		status = As[Entry](a.h.T, a.Judge(passenger, true), http.StatusOK).Status
	}
	return status
}

// Fail has a window find that an entry does not match its document.
func (a *Account) Fail(passenger string) {
	a.h.T.Helper()
	e := As[Entry](a.h.T, a.h.Window().Verify(a, passenger, Object{"matches": false}), http.StatusOK)
	if e.Status != "failed" {
		a.h.T.Fatalf("the entry is %s", e.Status)
	}
}

// Judge has the national authority decide on a pre-verified entry.
func (a *Account) Judge(passenger string, matches bool) Answer {
	a.h.T.Helper()
	by := a.h.Authority()
	seen := As[Entry](a.h.T, by.Call("POST", "/v1/authority/looks", a.Ref(passenger)), http.StatusOK)
	return by.Call("POST", "/v1/authority/results", With(a.Ref(passenger), Object{"version": seen.Version, "matches": matches}))
}

// PaperProof records that the police desk made a proof on paper.
func (s *Staff) PaperProof(who Person, reason string) Answer {
	s.h.T.Helper()
	return s.Call("POST", "/v1/paper-proofs", With(who.Document(), Object{"reason": reason}))
}

// Revoke withdraws a credential.
func (s *Staff) Revoke(serial string) {
	s.h.T.Helper()
	s.Call("POST", "/v1/credentials/"+serial+"/revoke", Object{"reason": "lost_phone"}).OK(s.h.T)
}

// Machine is a ticket machine.
func (h *Harness) Machine() *Staff { return h.Staff(staff.Machine) }

// Found is an entry that a search found.
type Found struct {
	Account, Passenger, Status string
	IdentityLost               bool `json:"identity_lost"`
}

// Found are the entries that Search finds; more adds fields to the question.
func (s *Staff) Found(who Person, more Object) []Found {
	s.h.T.Helper()
	return As[struct{ Entries []Found }](s.h.T, s.Call("POST", "/v1/counter/searches", With(who.Document(), more)), http.StatusOK).Entries
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

// Identified is the person of a code, as staff are told.
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
