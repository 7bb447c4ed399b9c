package httpapi_test

import (
	"fmt"
	"net/http"
)

// member is a passenger with an account who has logged in.
type member struct {
	w         *world
	form      object
	LoginName string `json:"-"`
	Account   string `json:"account"`
	Login     string `json:"login"`
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expires_at"`
}

const testPassword = "correct horse 蓝色"

// registration is the form of the n-th test person.
func registration(n int) object {
	return object{
		"login_name": fmt.Sprintf("passenger_%d", n), "password": testPassword, "policy": testPolicy,
		"name": testName, "document_type": "resident_id", "document_number": number(n),
		"phone": fmt.Sprintf("138%08d", n), "email": fmt.Sprintf("passenger.%d@example.org", n),
	}
}

// join registers a new person and logs in.
func (w *world) join() *member {
	w.t.Helper()
	return w.joinAs(registration(int(w.people.Add(1)) - 1))
}

func (w *world) joinAs(form object) *member {
	w.t.Helper()
	as[member](w.t, w.call("POST", "/v1/accounts", "", form), http.StatusCreated)
	m := &member{w: w, form: form, LoginName: form["login_name"].(string)}
	return m.again()
}

// again logs in once more, as on another phone.
func (m *member) again() *member {
	m.w.t.Helper()
	other := as[member](m.w.t, m.w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": m.form["password"]}), http.StatusCreated)
	other.w, other.form, other.LoginName = m.w, m.form, m.LoginName
	return &other
}

// call sends a request under the login.
func (m *member) call(method, path string, body any) answer {
	m.w.t.Helper()
	return m.w.call(method, path, m.Token, body)
}

// apply applies for the member; the login opens the application.
func (m *member) apply() *holder {
	m.w.t.Helper()
	f := form()
	f["document_number"] = m.form["document_number"]
	h := as[holder](m.w.t, m.call("POST", "/v1/applications", f), http.StatusCreated)
	if h.Token != "" {
		m.w.t.Fatal("a login needs no access token and was given one")
	}
	h.w, h.Token, h.Number = m.w, m.Token, f["document_number"].(string)
	return &h
}

// on is the holder of the same application on another login.
func (h *holder) on(m *member) *holder {
	other := *h
	other.Token = m.Token
	return &other
}

// profile is an account as its holder reads it.
type profile struct {
	Account        string `json:"account"`
	LoginName      string `json:"login_name"`
	Name           string `json:"name"`
	NameCut        bool   `json:"name_cut"`
	DocumentNumber string `json:"document_number"`
	Phone          string `json:"phone"`
	Email          string `json:"email"`
	Version        int64  `json:"version"`
	ConsentDue     bool   `json:"consent_due"`
}

func (m *member) profile() profile {
	m.w.t.Helper()
	return as[profile](m.w.t, m.call("GET", "/v1/account", nil), http.StatusOK)
}
