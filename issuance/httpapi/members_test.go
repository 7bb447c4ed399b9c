package httpapi_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness"
)

// member is a logged-in passenger with an account.
type member struct {
	w                     *system
	form                  object
	LoginName             string `json:"-"`
	Account, Login, Token string
}

const testPassword = "correct horse 蓝色"

// registration is the registration form of the n-th test person.
func registration(n int) object {
	return object{
		"login_name": fmt.Sprintf("passenger_%d", n), "password": testPassword, "policy": testPolicy,
		"name": testName, "document_type": "resident_id", "document_number": number(n),
		"phone": fmt.Sprintf("138%08d", n), "email": fmt.Sprintf("passenger.%d@example.org", n),
	}
}

// join registers a new person and logs in.
func (w *system) join() *member {
	w.t.Helper()
	return w.joinAs(registration(int(w.people.Add(1)) - 1))
}

func (w *system) joinAs(form object) *member {
	w.t.Helper()
	as[member](w.t, w.call("POST", "/v1/accounts", "", form), http.StatusCreated)
	m := &member{w: w, form: form, LoginName: form["login_name"].(string)}
	return m.logInAgain()
}

// logInAgain logs in once more, as on another phone.
func (m *member) logInAgain() *member {
	m.w.t.Helper()
	other := as[member](m.w.t, m.w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": m.form["password"]}), http.StatusCreated)
	other.w, other.form, other.LoginName = m.w, m.form, m.LoginName
	return &other
}

// call sends a request with the login's token.
func (m *member) call(method, path string, body any) answer {
	m.w.t.Helper()
	return m.w.call(method, path, m.Token, body)
}

// apply submits an application with the login, which then authorizes it.
func (m *member) apply() *holder {
	m.w.t.Helper()
	f := with("document_number", m.form["document_number"])
	h := as[holder](m.w.t, m.call("POST", "/v1/applications", f), http.StatusCreated)
	if h.Token != "" {
		m.w.t.Fatal("an application with a login returned an access token")
	}
	h.w, h.Token, h.Number = m.w, m.Token, f["document_number"].(string)
	return &h
}

// onLogin returns the holder of the same application with another login.
func (h *holder) onLogin(m *member) *holder {
	other := *h
	other.Token = m.Token
	return &other
}

// profile is an account as its holder sees it.
type profile struct {
	Account, Name, Phone, Email string
	LoginName                   string `json:"login_name"`
	NameCut                     bool   `json:"name_cut"`
	DocumentNumber              string `json:"document_number"`
	Version                     int64
	ConsentDue                  bool `json:"consent_due"`
}

func (m *member) profile() profile {
	m.w.t.Helper()
	return as[profile](m.w.t, m.call("GET", "/v1/account", nil), http.StatusOK)
}

// by sends a request with the credential of a role.
func (w *system) by(role staff.Role, method, path string, body any) answer {
	w.t.Helper()
	return w.call(method, path, w.staffOf[role], body)
}

// resident and visitor are the passenger forms of the n-th test person with a resident ID
// card and a passport.
func resident(n int) object {
	return object{"name": testName, "document_type": "resident_id", "document_number": number(n), "policy": testPolicy}
}

func visitor(n int) object {
	return object{"name": "Test Visitor", "document_type": "passport", "document_number": fmt.Sprintf("P%07d", n), "nationality": "NZL", "policy": testPolicy}
}

// and returns a body with more fields.
func and(body, more object) object { return harness.With(body, more) }

// joinVisitor registers a visitor and logs in.
func (w *system) joinVisitor() *member {
	w.t.Helper()
	n := int(w.people.Add(1)) - 1
	return w.joinAs(and(registration(n), visitor(n)))
}

// entry is an entry of a passenger list.
type entry struct {
	Passenger, Name, Status string
	Number                  string `json:"document_number"`
	Tickets                 int
	Version                 int64
	ProofNeeded             bool `json:"proof_needed"`
}

// addPassenger adds a passenger to the list.
func (m *member) addPassenger(form object) entry {
	m.w.t.Helper()
	return as[entry](m.w.t, m.call("POST", "/v1/account/passengers", form), http.StatusCreated)
}

type passengerList struct {
	Holder     entry
	Passengers []entry
}

func (m *member) passengers() passengerList {
	m.w.t.Helper()
	return as[passengerList](m.w.t, m.call("GET", "/v1/account/passengers", nil), http.StatusOK)
}

// wantHolderStatus asserts the status of the account's holder.
func (m *member) wantHolderStatus(status string) {
	m.w.t.Helper()
	if s := m.passengers().Holder.Status; s != status {
		m.w.t.Fatalf("the holder is %s, want %s", s, status)
	}
}

// ref names an entry of the account.
func (m *member) ref(passenger string) object {
	return object{"account": m.Account, "passenger": passenger}
}

// viewAtCounter views an entry at a window.
func (m *member) viewAtCounter(passenger string) entry {
	m.w.t.Helper()
	return as[entry](m.w.t, m.w.by(staff.Window, "POST", "/v1/counter/looks", m.ref(passenger)), http.StatusOK)
}

// counterResult is a counter's result for an entry, viewed before.
func (m *member) counterResult(passenger string, matches bool) object {
	m.w.t.Helper()
	return and(m.ref(passenger), object{"version": m.viewAtCounter(passenger).Version, "original": true, "in_date": true, "readable": true, "matches": matches})
}

// phoneEnd is the proof that the account is the member's (rule B1).
func (m *member) phoneEnd() object {
	phone := m.form["phone"].(string)
	return object{"kind": "phone_end", "value": phone[len(phone)-4:]}
}

// verifyAtCounter verifies an entry at a window and, for documents other than resident ID
// cards, by the authority. It returns the status after each.
func (m *member) verifyAtCounter(passenger string) (after []string) {
	m.w.t.Helper()
	s := as[entry](m.w.t, m.w.by(staff.Window, "POST", "/v1/counter/verifications", m.counterResult(passenger, true)), http.StatusOK)
	if after = append(after, s.Status); s.Status == "pre_verified" {
		seen := as[entry](m.w.t, m.w.by(staff.Authority, "POST", "/v1/authority/looks", m.ref(passenger)), http.StatusOK)
		s = as[entry](m.w.t, m.w.by(staff.Authority, "POST", "/v1/authority/results",
			and(m.ref(passenger), object{"version": seen.Version, "matches": true})), http.StatusOK)
		after = append(after, s.Status)
	}
	return after
}

// purchase is the report of a purchase, with one ticket per passenger.
func (m *member) purchase(reference string, passengers ...string) object {
	var issued []object
	for i, p := range passengers {
		issued = append(issued, object{
			"reference": fmt.Sprintf("%s-%d", reference, i), "passenger": p, "ends_at": m.w.clock.Now().Add(48 * time.Hour).Unix(), "journey": m.w.journey(),
		})
	}
	return object{"kind": "bought", "account": m.Account, "order": reference, "issued": issued}
}

// journey is the journey of the tickets of purchase.
func (w *system) journey() object {
	departs := w.clock.Now().Add(36 * time.Hour).Unix()
	return object{"train": "G101", "from": "北京南", "to": "上海虹桥", "departs_at": departs, "arrives_at": departs + 5*3600, "coach": "05", "seat": "12F"}
}

// reportTickets reports an event as the ticketing system; it must be accepted.
func (w *system) reportTickets(event object) {
	w.t.Helper()
	wantStatusCode(w.t, w.by(staff.Ticketing, "POST", "/v1/tickets", event), http.StatusNoContent)
}
