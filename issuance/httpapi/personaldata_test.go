package httpapi_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
)

// applications lists the account's applications and their statuses.
func (m *member) applications() (applications, statuses []string) {
	m.w.t.Helper()
	out := as[struct {
		Applications []struct {
			Application, Status string
			RefusedFor          string `json:"refused_for"`
		}
	}](m.w.t, m.call("GET", "/v1/account/applications", nil), http.StatusOK)
	for _, a := range out.Applications {
		applications = append(applications, a.Application)
		statuses = append(statuses, strings.TrimSuffix(a.Status+" "+a.RefusedFor, " "))
	}
	return applications, statuses
}

// Rule A13: a registered user lists the applications of the last month, 31 days.
func TestA13_ApplicationsOfTheLastMonthAreListed(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	if all, _ := m.applications(); len(all) != 0 {
		t.Fatalf("a new account has %q", all)
	}
	first := m.apply()
	first.passCheck()
	w.apply() // without the account
	w.clock.Move(time.Hour)
	m = m.logInAgain()
	early := m.apply() // too early to renew
	wantProblem(t, m.call("POST", early.path("/checks"), object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.RenewalTooEarly)
	w.clock.Move(time.Hour)
	waiting := m.apply()

	applications, statuses := m.applications()
	if !slices.Equal(applications, []string{waiting.Application, early.Application, first.Application}) ||
		!slices.Equal(statuses, []string{"submitted", "refused renewal_too_early", "approved"}) {
		t.Fatalf("listed %q as %q", applications, statuses)
	}
	if all, _ := w.join().applications(); len(all) != 0 {
		t.Fatalf("another account lists %q", all)
	}
	w.clock.Move(31*24*time.Hour - 2*time.Hour)
	m = m.logInAgain()
	if all, statuses := m.applications(); len(all) != 3 || statuses[0] != "expired" {
		t.Fatalf("after exactly 31 days: %q %q", all, statuses)
	}
	w.clock.Move(time.Millisecond)
	if all, _ := m.applications(); len(all) != 2 {
		t.Fatalf("a moment later: %q", all)
	}
	// Old applications are erased, not only hidden.
	if n, err := w.service.Erase(context.Background()); err != nil || n != 3 { // the first one, the one without the account, and the unchecked one
		t.Fatalf("erased %d: %v", n, err)
	}
	wantProblem(t, m.call("GET", first.path(""), nil), http.StatusUnauthorized, credential.Unauthorized)
	wantProblem(t, w.call("GET", "/v1/account/applications", "", nil), http.StatusUnauthorized, account.LoginRequired)
}

// personalData is the response with an account's personal data.
type personalData struct {
	Profile  profile
	Consents []struct{ Policy string }
	Logins   []struct {
		Login   string
		This    bool
		EndedAt int64 `json:"ended_at"`
	}
	FailedLogins struct{ Failures int } `json:"failed_logins"`
	Applications []struct {
		Application string
		Name        string
		Number      string `json:"document_number"`
		City        string
		Sessions    int
		Account     bool
		ErasedAt    int64 `json:"erased_at"`
	}
}

// Rule B12: a person can read their personal data.
func TestB12_PersonalDataCanBeRead(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	h.openHosted(h.passCheck())
	applied := w.clock.Now()
	w.clock.Move(time.Second) // logins are listed in the order in which they began
	m.logInAgain().call("DELETE", "/v1/logins/current", nil)
	w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": "wrong and long"})

	d := as[personalData](t, m.call("GET", "/v1/account/data", nil), http.StatusOK)
	if d.Profile.Name != testName || d.Profile.DocumentNumber != m.form["document_number"] || d.Profile.Phone != m.form["phone"] || d.Profile.Email != m.form["email"] {
		t.Errorf("profile %+v", d.Profile)
	}
	if len(d.Consents) != 1 || d.Consents[0].Policy != testPolicy || d.FailedLogins.Failures != 1 {
		t.Errorf("consents %+v, failures %+v", d.Consents, d.FailedLogins)
	}
	if len(d.Logins) != 2 || !d.Logins[0].This || d.Logins[0].Login != m.Login || d.Logins[1].EndedAt == 0 {
		t.Errorf("logins %+v", d.Logins)
	}
	if len(d.Applications) != 1 {
		t.Fatalf("applications %+v", d.Applications)
	}
	if a := d.Applications[0]; a.Application != h.Application || a.Name != testName || a.Number != h.Number || a.City != "北京" ||
		a.Sessions != 1 || !a.Account || a.ErasedAt != applied.Add(31*24*time.Hour).Unix() {
		t.Errorf("application %+v", a)
	}
	// A person without an account can read the data of their application.
	alone := w.apply()
	one := as[struct {
		Number  string `json:"document_number"`
		Account bool
	}](t, w.call("GET", alone.path("/data"), alone.Token, nil), http.StatusOK)
	if one.Number != alone.Number || one.Account {
		t.Errorf("application %+v", one)
	}
	wantProblem(t, w.call("GET", h.path("/data"), alone.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
}

// Rule B12: consent is required, to a policy that is public.
func TestB12_ConsentToAPublicPolicyIsRequired(t *testing.T) {
	w := newSystem(t, setup{})
	policy := as[struct {
		Version string
		Text    map[string]string
	}](t, w.call("GET", "/v1/privacy-policy", "", nil), http.StatusOK)
	if policy.Version != testPolicy || !strings.HasPrefix(policy.Text["en"], "# Privacy policy") || !strings.HasPrefix(policy.Text["zh"], "# 隐私政策") {
		t.Fatalf("the policy is %q: %.30q %.30q", policy.Version, policy.Text["en"], policy.Text["zh"])
	}
	for _, version := range []any{nil, "2025-01"} {
		f := registration(700)
		if f["policy"] = version; version == nil {
			delete(f, "policy")
		}
		wantProblem(t, w.call("POST", "/v1/accounts", "", f), http.StatusConflict, account.ConsentRequired)
	}

	// After the policy changed, no personal data are accepted without a new consent. Existing
	// data can be read and deleted.
	m := w.join()
	h := m.apply()
	w.accounts.Policy = "2026-02"
	edit := object{"version": 1, "name": testName, "document_type": "resident_id", "document_number": h.Number, "phone": "13800000002"}
	if !m.profile().ConsentDue {
		t.Error("the profile does not say that consent is due")
	}
	wantProblem(t, m.call("PUT", "/v1/account", edit), http.StatusConflict, account.ConsentRequired)
	wantProblem(t, m.call("POST", "/v1/applications", form()), http.StatusConflict, account.ConsentRequired)
	as[object](t, m.call("GET", "/v1/account/data", nil), http.StatusOK)
	wantProblem(t, m.call("POST", "/v1/account/consent", object{"policy": testPolicy}), http.StatusConflict, account.ConsentRequired)
	wantStatusCode(t, m.call("POST", "/v1/account/consent", object{"policy": "2026-02"}), http.StatusNoContent)
	if p := as[profile](t, m.call("PUT", "/v1/account", edit), http.StatusOK); p.ConsentDue || p.Phone != "13800000002" {
		t.Fatalf("after consent %+v", p)
	}
}

// Rule B12: consent is withdrawn by closing the account, which deletes all its data.
func TestB12_ClosedAccountHasNoData(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	h.openHosted(h.passCheck())
	wantProblem(t, m.call("POST", "/v1/account/close", object{"password": "wrong and long"}), http.StatusForbidden, account.PasswordWrong)
	wantStatusCode(t, m.call("POST", "/v1/account/close", object{"password": testPassword}), http.StatusNoContent)
	w.wantEmpty("accounts", "consents", "logins", "failures WHERE kind = 'account'", "applications WHERE account IS NOT NULL")
	wantProblem(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, w.call("POST", "/v1/logins", "", object{"login_name": m.LoginName, "password": testPassword}), http.StatusUnauthorized, account.LoginFailed)
	// The person can still recover the temporary ID by identity and face check.
	if back, _ := w.recoverAccess(h.Number); back.Serial != h.Serial {
		t.Fatalf("recovered the serial %s, want %s", back.Serial, h.Serial)
	}
}

// registryData is the registry's part of an account's personal data.
type registryData struct {
	Registry struct {
		Holder       entry
		FailedProofs struct{ Failures int } `json:"failed_proofs"`
		Passengers   []struct {
			entry
			AddedAt      int64 `json:"added_at"`
			Policy       string
			AgreedAt     int64                  `json:"agreed_at"`
			FailedProofs struct{ Failures int } `json:"failed_proofs"`
		}
		Tickets []struct {
			Passenger, State string
			Order, Reference string
			ReportedAt       int64 `json:"reported_at"`
			EndsAt           int64 `json:"ends_at"`
			Journey          *struct{ Train, From, To, Coach, Seat string }
		}
	}
}

// Rule B12: a person can read their personal data in the registry.
func TestB12_RegistryDataCanBeRead(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.joinAs(and(registration(920), object{"name": "測試"}))
	now := w.clock.Now().Unix()
	guess := and(m.counterResult("holder", true), object{"proof": object{"kind": "email_start", "value": "xyz"}})
	wantProblem(t, w.by(staff.Window, "POST", verifications, guess), http.StatusForbidden, rules.ProofWrong)
	right := and(guess, object{"proof": object{"kind": "email_start", "value": "PAS"}})
	as[entry](t, w.by(staff.Window, "POST", verifications, right), http.StatusOK)
	p := m.addPassenger(visitor(921))
	w.reportTickets(m.purchase("H", "holder", p.Passenger))
	w.reportTickets(object{"kind": "refunded", "ticket": "H-1"})

	r := as[registryData](t, m.call("GET", "/v1/account/data", nil), http.StatusOK).Registry
	if r.Holder.Name != "測試" || r.Holder.Number != number(920) || r.Holder.Status != "verified" || r.Holder.Tickets != 2 || r.FailedProofs.Failures != 1 {
		t.Errorf("holder %+v, failed proofs %+v", r.Holder, r.FailedProofs)
	}
	if len(r.Passengers) != 1 {
		t.Fatalf("passengers %+v", r.Passengers)
	}
	if l := r.Passengers[0]; l.Passenger != p.Passenger || l.Number != "P0000921" || l.Tickets != 1 || l.Policy != testPolicy || l.AgreedAt != now || l.AddedAt != now {
		t.Errorf("passenger %+v", l)
	}
	if len(r.Tickets) != 2 || r.Tickets[0].ReportedAt != now || r.Tickets[0].EndsAt != now+48*3600 {
		t.Fatalf("tickets %+v", r.Tickets)
	}
	for _, ticket := range r.Tickets {
		if want := map[string]string{"holder": "valid", p.Passenger: "refunded"}[ticket.Passenger]; ticket.State != want {
			t.Errorf("ticket %+v", ticket)
		}
		if j := ticket.Journey; ticket.Order != "H" || !strings.HasPrefix(ticket.Reference, "H-") || j == nil || j.Train != "G101" || j.From != "北京南" || j.Seat != "12F" {
			t.Errorf("ticket %+v, journey %+v", ticket, j)
		}
	}
	if other := as[registryData](t, w.join().call("GET", "/v1/account/data", nil), http.StatusOK).Registry; len(other.Passengers)+len(other.Tickets) != 0 {
		t.Errorf("another account has %+v", other)
	}
}
