package harness

import (
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

// Password is the password of every account.
const Password = "correct horse 蓝色"

// Account is one login of an account, as on one phone.
type Account struct {
	h            *Harness
	Person       Person
	ID           string `json:"account"`
	LoginName    string `json:"-"`
	Login, Token string
}

// Entry is an entry of an account's passenger list, or its holder's own entry, whose passenger is
// "holder".
type Entry struct {
	Passenger, Name, Status string
	DocumentType            string    `json:"document_type"`
	DocumentNumber          string    `json:"document_number"`
	StatusText              Bilingual `json:"status_text"`
	NextStep                Bilingual `json:"next_step"`
	NameCut                 bool      `json:"name_cut"`
	NameUncommon            bool      `json:"name_uncommon"`
	Substituted             bool
	Tickets                 int
	Version                 int64
	ProofNeeded             bool `json:"proof_needed"`
	// On a full list the account holder's original document is needed too.
	HolderOriginalNeeded bool `json:"holder_original_needed"`
}

// Registration returns the form of a new account with a unique login name, phone and e-mail
// address.
func (h *Harness) Registration(who Person) Object {
	n := h.next()
	return With(who.Identity(), Object{"login_name": fmt.Sprintf("passenger_%d", n), "password": Password, "policy": Policy,
		"phone": fmt.Sprintf("138%08d", n), "email": fmt.Sprintf("passenger.%d@example.org", n)})
}

// Register creates an account and logs in.
func (h *Harness) Register(who Person) *Account {
	h.T.Helper()
	form := h.Registration(who)
	h.Call("POST", "/v1/accounts", "", form).OK(h.T)
	a := &Account{h: h, Person: who, LoginName: form["login_name"].(string)}
	return a.LogIn()
}

// Verified returns a new account whose holder's identity is verified: at the window, and by the
// national authority too unless the document is a resident ID card.
func (h *Harness) Verified(who Person) *Account {
	h.T.Helper()
	a := h.Register(who)
	if s := a.Settle("holder"); s != "verified" {
		h.T.Fatalf("the status of the holder is %s, want verified", s)
	}
	return a
}

// LogIn returns another login of the same account, as on another phone.
func (a *Account) LogIn() *Account {
	a.h.T.Helper()
	other := As[Account](a.h.T, a.h.Call("POST", "/v1/logins", "", Object{"login_name": a.LoginName, "password": Password}), http.StatusCreated)
	other.h, other.Person, other.LoginName = a.h, a.Person, a.LoginName
	return &other
}

// ApplyShowing submits an application for the holder, passes the face check and shows a code.
func (a *Account) ApplyShowing() *Passenger {
	a.h.T.Helper()
	p := a.Apply()
	p.Show(p.Check())
	return p
}

// On returns a passenger's application as seen from another login of the account.
func (p *Passenger) On(a *Account) *Passenger {
	other := *p
	other.Token = a.Token
	return &other
}

// LogOut ends this login.
func (a *Account) LogOut() {
	a.h.T.Helper()
	a.Call("DELETE", "/v1/logins/current", nil).OK(a.h.T)
}

// Call sends a request with the login's token.
func (a *Account) Call(method, path string, body any) Answer {
	a.h.T.Helper()
	return a.h.Call(method, path, a.Token, body)
}

// Profile returns the profile of the account's holder.
func (a *Account) Profile() Object {
	a.h.T.Helper()
	return As[Object](a.h.T, a.Call("GET", "/v1/account", nil), http.StatusOK)
}

// Apply submits an application for the holder, who uses it with the login.
func (a *Account) Apply() *Passenger {
	a.h.T.Helper()
	return a.h.applied(a.Person, a.Token, a.Call("POST", "/v1/applications", a.Person.Application()))
}

// Applications returns the applications of the last month.
func (a *Account) Applications() []ApplicationStatus {
	a.h.T.Helper()
	return As[struct{ Applications []ApplicationStatus }](a.h.T, a.Call("GET", "/v1/account/applications", nil), http.StatusOK).Applications
}

// TryAdd is [Account.Add] for any answer.
func (a *Account) TryAdd(who Person) Answer {
	a.h.T.Helper()
	return a.Call("POST", "/v1/account/passengers", who.Entry())
}

// Add adds a person to the passenger list.
func (a *Account) Add(who Person) Entry {
	a.h.T.Helper()
	return As[Entry](a.h.T, a.TryAdd(who), http.StatusCreated)
}

// AddSettled adds a person to the passenger list and has them verified.
func (a *Account) AddSettled(who Person) Entry {
	a.h.T.Helper()
	e := a.Add(who)
	e.Status = a.Settle(e.Passenger)
	return e
}

// Edit saves an entry of the list with a person's fields, for any answer.
func (a *Account) Edit(passenger string, who Person) Answer {
	a.h.T.Helper()
	body := With(who.Entry(), Object{"version": a.Entry(passenger).Version})
	return a.Call("PUT", "/v1/account/passengers/"+passenger, body)
}

// EditIdentity makes another person the account's holder, for any answer.
func (a *Account) EditIdentity(who Person) Answer {
	a.h.T.Helper()
	p := a.Profile()
	return a.Call("PUT", "/v1/account", With(who.Identity(), Object{"version": p["version"], "phone": p["phone"], "email": p["email"]}))
}

// Delete removes a passenger from the list, for any answer.
func (a *Account) Delete(passenger string) Answer {
	a.h.T.Helper()
	return a.Call("DELETE", "/v1/account/passengers/"+passenger, nil)
}

// List returns the holder's own entry and the passenger list.
func (a *Account) List() (holder Entry, passengers []Entry) {
	a.h.T.Helper()
	l := As[struct {
		Holder     Entry
		Passengers []Entry
	}](a.h.T, a.Call("GET", "/v1/account/passengers", nil), http.StatusOK)
	return l.Holder, l.Passengers
}

// Entry returns the current entry of a passenger, who may be "holder".
func (a *Account) Entry(passenger string) Entry {
	a.h.T.Helper()
	holder, all := a.List()
	if passenger == "holder" {
		return holder
	}
	for _, e := range all {
		if e.Passenger == passenger {
			return e
		}
	}
	a.h.T.Fatalf("no passenger %s on the list", passenger)
	return Entry{}
}

// HasStatus asserts the status of a passenger, who may be "holder".
func (a *Account) HasStatus(passenger, status string) {
	a.h.T.Helper()
	if s := a.Entry(passenger).Status; s != status {
		a.h.T.Fatalf("the status of the entry is %s, want %s", s, status)
	}
}

// HasTickets asserts the number of tickets counted for a passenger, who may be "holder".
func (a *Account) HasTickets(passenger string, want int) {
	a.h.T.Helper()
	if n := a.Entry(passenger).Tickets; n != want {
		a.h.T.Errorf("%d tickets are counted, want %d", n, want)
	}
}

// HasListed asserts the number of passengers on the list.
func (a *Account) HasListed(want int) {
	a.h.T.Helper()
	if _, all := a.List(); len(all) != want {
		a.h.T.Errorf("%d passengers are on the list, want %d", len(all), want)
	}
}

// Ref returns the reference by which staff and systems name an entry.
func (a *Account) Ref(passenger string) Object {
	return Object{"account": a.ID, "passenger": passenger}
}

// PhoneEnd returns the proof that an account belongs to its holder (rule B1).
func (a *Account) PhoneEnd() Object {
	a.h.T.Helper()
	phone := a.Phone()
	return Object{"kind": "phone_end", "value": phone[len(phone)-4:]}
}

// HolderNumber returns the proof that a passenger is on the account's list (rule B1).
func (a *Account) HolderNumber() Object {
	return Object{"kind": "holder_number", "value": a.Person.DocumentNumber}
}

// SaveProfile saves the profile unchanged, except for the fields in more.
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

// Phone returns the phone number with which the account was registered.
func (a *Account) Phone() string {
	a.h.T.Helper()
	phone, ok := a.Profile()["phone"].(string)
	if !ok {
		a.h.T.Fatal("the account has no phone")
	}
	return phone
}

// CodeTo returns the last code sent to a mainland phone, or "" if none was sent.
func (h *Harness) CodeTo(phone string) string {
	code, _ := h.Phones.Code("+86" + phone)
	return code
}

// SendCode has a code sent to a phone and returns it.
func (a *Account) SendCode(phone string) string {
	a.h.T.Helper()
	a.Call("POST", "/v1/account/phone/codes", Object{"phone": phone}).OK(a.h.T)
	return a.h.CodeTo(phone)
}

// VerifyPhone verifies the account's phone with a code.
func (a *Account) VerifyPhone() {
	a.h.T.Helper()
	phone := a.Phone()
	a.Call("POST", "/v1/account/phone/verifications", Object{"phone": phone, "code": a.SendCode(phone), "password": Password}).OK(a.h.T)
}

// StartRecovery starts the recovery of a forgotten password and waits for the code, which is sent
// after the answer.
func (h *Harness) StartRecovery(login, phone string) (recovery, code string) {
	h.T.Helper()
	before := h.CodeTo(phone)
	recovery = h.TryRecovery(login, phone)
	runtest.Eventually(h.T, patience, "the code to be sent", func() bool {
		code = h.CodeTo(phone)
		return code != before
	})
	return recovery, code
}

// TryRecovery starts a recovery and does not wait for a code.
func (h *Harness) TryRecovery(login, phone string) (recovery string) {
	h.T.Helper()
	out := As[struct {
		Recovery  string
		ExpiresAt int64 `json:"expires_at"`
	}](h.T, h.Call("POST", "/v1/recoveries", "", Object{"login_name": login, "phone": phone}), http.StatusAccepted)
	if want := h.Clock.Now().Add(5 * time.Minute).Unix(); out.ExpiresAt != want {
		h.T.Errorf("the recovery expires at %d, want %d", out.ExpiresAt, want)
	}
	return out.Recovery
}

// Code returns a one-time code for a ticketing system.
func (a *Account) Code(more Object) string {
	a.h.T.Helper()
	return As[struct{ Code string }](a.h.T, a.TryCode(more), http.StatusCreated).Code
}

// TryCode is [Account.Code] for any answer.
func (a *Account) TryCode(more Object) Answer {
	a.h.T.Helper()
	return a.Call("POST", "/v1/account/codes", With(Object{"client": "ticketing-1"}, more))
}
