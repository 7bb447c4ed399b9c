package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
)

const listPath = "/v1/account/passengers"

// codeOf returns the code of a problem; empty for other responses.
func codeOf(t testing.TB, a answer) problem.Code {
	t.Helper()
	if a.Status < 400 {
		return ""
	}
	return as[struct {
		Code problem.Code `json:"code"`
	}](t, a, a.Status).Code
}

// concurrently sends n concurrent requests and counts the codes of their responses.
func (w *system) concurrently(n int, send func(i int) answer) map[problem.Code]int {
	w.t.Helper()
	outcome := make(map[problem.Code]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			a := send(i)
			mu.Lock()
			defer mu.Unlock()
			outcome[codeOf(w.t, a)]++
		})
	}
	close(start)
	all.Wait()
	return outcome
}

// A passenger list is accessible to its holder only.
func TestPassengerListBelongsToItsHolder(t *testing.T) {
	w := newSystem(t, setup{})
	m, other := w.join(), w.join()
	m.verifyAtCounter("holder")
	other.verifyAtCounter("holder")
	p := m.addPassenger(resident(800))
	if p.Status != "pending" || p.Number != number(800) || p.Version != 1 || !strings.HasPrefix(p.Passenger, "psg_") {
		t.Fatalf("added %+v", p)
	}
	if l := m.passengers(); l.Holder.Status != "verified" || len(l.Passengers) != 1 || l.Passengers[0] != p {
		t.Fatalf("listed %+v", l)
	}
	if l := other.passengers(); len(l.Passengers) != 0 {
		t.Fatalf("another account lists %+v", l)
	}
	line := listPath + "/" + p.Passenger
	edit := and(resident(801), object{"version": 1})
	never := listPath + "/psg_" + strings.Repeat("0", 32)
	for _, c := range []struct {
		method string
		body   any
	}{{"PUT", edit}, {"DELETE", nil}} {
		foreign, none := other.call(c.method, line, c.body), other.call(c.method, never, c.body)
		wantProblem(t, foreign, http.StatusNotFound, registry.EntryNotFound)
		if string(foreign.Body) != string(none.Body) {
			t.Errorf("%s: another account's passenger is answered %s, an unknown one %s", c.method, foreign.Body, none.Body)
		}
		for _, token := range []string{"", w.staff, w.staffOf["ticketing"]} {
			wantProblem(t, w.call(c.method, line, token, c.body), http.StatusUnauthorized, account.LoginRequired)
		}
	}
	// Of two concurrent edits of a passenger, the second one is refused.
	if got := as[entry](t, m.call("PUT", line, edit), http.StatusOK); got.Number != number(801) || got.Version != 2 || got.Passenger != p.Passenger {
		t.Fatalf("edited to %+v", got)
	}
	wantProblem(t, m.logInAgain().call("PUT", line, and(resident(802), object{"version": 1})), http.StatusConflict, registry.EntryChanged)
	if got := as[entry](t, m.call("PUT", line, and(resident(802), object{"version": 2})), http.StatusOK); got.Number != number(802) || got.Version != 3 {
		t.Fatalf("edited again to %+v", got)
	}
	if a := m.call("DELETE", line, nil); a.Status != http.StatusNoContent || len(m.passengers().Passengers) != 0 {
		t.Fatalf("a pending passenger was not deleted: %d %s", a.Status, a.Body)
	}
}

// Rule B12: while consent to the current policy is due, no passenger is added or edited. The
// list can be read, and passengers can be deleted.
func TestB12_NoPassengerIsAddedWhileConsentIsDue(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.verifyAtCounter("holder")
	p := m.addPassenger(resident(805))
	w.accounts.Policy = "2026-02"
	line := listPath + "/" + p.Passenger
	wantProblem(t, m.call("POST", listPath, resident(806)), http.StatusConflict, account.ConsentRequired)
	wantProblem(t, m.call("PUT", line, and(resident(806), object{"version": 1})), http.StatusConflict, account.ConsentRequired)
	if l := m.passengers(); len(l.Passengers) != 1 || l.Passengers[0] != p {
		t.Fatalf("listed %+v", l)
	}
	wantStatusCode(t, m.call("DELETE", line, nil), http.StatusNoContent)
}

// Each invalid field has its own code.
func TestInvalidPassengersAreRefused(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.verifyAtCounter("holder")
	for _, c := range []struct {
		field string
		value any
		want  problem.Code
	}{
		{"name", " ", rules.PersonInvalid}, {"document_type", "seaman_book", rules.DocumentUnknown}, {"document_type", "passport", rules.PersonInvalid},
		{"document_number", "110105900307461", rules.FirstGenerationCard}, {"document_number", number(803)[:16] + "xx", rules.PersonInvalid},
		{"nationality", "CHN", rules.PersonInvalid}, {"policy", "2025-01", rules.ConsentMissing}, {"policy", "", rules.ConsentMissing},
	} {
		if got := codeOf(t, m.call("POST", listPath, and(resident(803), object{c.field: c.value}))); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.field, c.value, got, c.want)
		}
	}
	if l := m.passengers(); len(l.Passengers) != 0 {
		t.Fatalf("listed %+v", l)
	}
}

func TestB2_WhoMayAddWhomOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join() // pending: may add no passengers
	for _, form := range []object{resident(810), visitor(810)} {
		wantProblem(t, m.call("POST", listPath, form), http.StatusConflict, rules.AccountStatus)
	}
	m.verifyAtCounter("holder")
	m.addPassenger(resident(810))
	wantProblem(t, m.call("POST", listPath, resident(810)), http.StatusConflict, rules.AlreadyListed)

	v := w.joinVisitor() // to be submitted: at most five passengers, with other documents only
	wantProblem(t, v.call("POST", listPath, resident(811)), http.StatusConflict, rules.OtherDocumentsOnly)
	got := w.concurrently(24, func(i int) answer { return v.call("POST", listPath, visitor(811+i)) })
	if got[""] != 5 || got[rules.ToBeSubmittedFull] != 19 || len(v.passengers().Passengers) != 5 {
		t.Fatalf("24 concurrent requests: %v", got)
	}
}

// Residents begin as pending, and pending passengers have a limit of their own.
func TestB3_AtMostAHundredOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.verifyAtCounter("holder")
	got := w.concurrently(120, func(i int) answer { return m.call("POST", listPath, resident(1000+i)) })
	if got[""] != 100 || got[rules.UncountedFull] != 20 || len(m.passengers().Passengers) != 100 {
		t.Fatalf("120 concurrent requests: %v", got)
	}
}

func TestB4_KeptFor180DaysOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.joinVisitor()
	p := v.addPassenger(visitor(840))
	bought := v.addPassenger(visitor(841)).Passenger
	w.reportTickets(v.purchase("K", bought))
	line := listPath + "/" + p.Passenger

	a := v.call("DELETE", line, nil)
	wantProblem(t, a, http.StatusConflict, rules.PassengerKept)
	free := w.clock.Now().Add(180*24*time.Hour + time.Second).Truncate(time.Second)
	got := as[struct {
		RetryAt int64 `json:"retry_at"`
	}](t, a, http.StatusConflict)
	if got.RetryAt != free.Unix() || a.Header.Get("Retry-After") != free.UTC().Format(http.TimeFormat) {
		t.Fatalf("free from %d and %q, want %v", got.RetryAt, a.Header.Get("Retry-After"), free)
	}
	wantProblem(t, v.call("DELETE", listPath+"/"+bought, nil), http.StatusConflict, rules.TicketBought)
	wantProblem(t, v.call("PUT", listPath+"/"+bought, and(visitor(842), object{"version": 1})), http.StatusConflict, rules.TicketBought)

	w.clock.Move(time.Unix(got.RetryAt, 0).Sub(w.clock.Now()))
	v = v.logInAgain()
	wantStatusCode(t, v.call("DELETE", line, nil), http.StatusNoContent)
	wantProblem(t, v.call("DELETE", listPath+"/"+bought, nil), http.StatusConflict, rules.TicketBought)
}

// An account with an unfinished journey cannot be closed; the consequences can be previewed.
func TestAccountWithUnfinishedJourneyStaysOpen(t *testing.T) {
	w := newSystem(t, setup{})
	type closing struct {
		Allowed    bool
		Refused    struct{ Code problem.Code }
		TakenUntil int64 `json:"identity_taken_until"`
	}
	v := w.joinVisitor()
	ask := func() closing { return as[closing](t, v.call("GET", "/v1/account/close", nil), http.StatusOK) }
	if c := ask(); !c.Allowed || c.TakenUntil != 0 {
		t.Fatalf("closing means %+v", c)
	}
	w.reportTickets(v.purchase("C", "holder"))
	if c := ask(); c.Allowed || c.Refused.Code != registry.TicketsUnfinished || c.TakenUntil == 0 {
		t.Fatalf("closing means %+v", c)
	}
	a := v.call("POST", "/v1/account/close", object{"password": testPassword})
	wantProblem(t, a, http.StatusConflict, registry.TicketsUnfinished)
	w.clock.Move(48 * time.Hour)
	if c := ask(); !c.Allowed || c.TakenUntil == 0 {
		t.Fatalf("after the journey closing means %+v", c)
	}
	wantStatusCode(t, v.call("POST", "/v1/account/close", object{"password": testPassword}), http.StatusNoContent)
	w.wantEmpty("holders", "passengers", "tickets", "identities WHERE account IS NOT NULL")
	wantProblem(t, w.call("POST", "/v1/accounts", "", v.form), http.StatusConflict, rules.IdentityRegistered)
}

// Rule G39 over HTTP: phone, face check and resident registry verify the account. This uses
// up no application.
func TestG39_AccountIsVerifiedOnline(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	path := "/v1/account/verification"
	wantProblem(t, m.call("POST", path, object{"evidence": "sandbox:pass"}), http.StatusConflict, account.PhoneUnverified)
	m.verifyPhone("13800000001")
	wantProblem(t, m.call("POST", path, object{"evidence": "sandbox:fail"}), http.StatusUnprocessableEntity, credential.CheckFailed)
	a := m.call("POST", path, object{"evidence": "sandbox:pass"})
	if s := as[struct{ Status string }](t, a, http.StatusOK); s.Status != "verified" || !strings.Contains(a.Header.Get("Real-Person-Check"), "NOT A REAL FACE CHECK") {
		t.Fatalf("verified as %+v by %q", s, a.Header.Get("Real-Person-Check"))
	}
	list := m.call("GET", "/v1/account/passengers", nil)
	runtest.Has(t, string(list.Body), `"status":"verified"`)
	auditLog := w.call("GET", "/v1/audit-log?kind=account&object="+m.Account, w.staffOf["operator"], nil)
	if text := string(auditLog.Body); !strings.Contains(text, `"verify_online"`) || strings.Contains(text, testName) {
		t.Fatalf("the audit log: %s", text)
	}
	m.apply().passCheck()
}

// Failed checks of verifications and applications count together: five lock the document for
// the network.
func TestG39_FailedChecksLockTheDocument(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.verifyPhone("13800000001")
	h := m.apply()
	for i := range 5 {
		if i%2 == 0 {
			m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:fail"})
		} else {
			w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:fail"})
		}
	}
	wantProblem(t, m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
	wantProblem(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
}

// An identity that the resident registry does not confirm stays unverified, and the response
// names customer service (rule G38). An outage of the registry changes nothing.
func TestG38_UnconfirmedIdentityNamesCustomerService(t *testing.T) {
	out := &outage{}
	w := newSystem(t, setup{residents: out})
	m := w.joinAs(and(registration(700), object{"name": provider.SandboxNotMatched}))
	m.verifyPhone("13800000001")
	a := m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"})
	wantProblem(t, a, http.StatusUnprocessableEntity, credential.IdentityNotConfirmed)
	shown := as[struct{ Text map[string]string }](t, w.call("GET", "/v1/contact", "", nil), http.StatusOK)
	got := as[struct{ Contact map[string]string }](t, a, http.StatusUnprocessableEntity)
	if shown.Text["zh"] == "" || got.Contact["zh"] != shown.Text["zh"] || got.Contact["en"] != shown.Text["en"] || !strings.Contains(shown.Text["zh"], "12306") {
		t.Fatalf("customer service is %+v, the problem names %+v", shown, got)
	}
	// A failed status names customer service too.
	w.execSQL(`UPDATE holders SET status = 5 WHERE id = $1`, m.Account)
	profile := as[struct {
		Status  string
		Contact map[string]string
	}](t, m.call("GET", "/v1/account", nil), http.StatusOK)
	if profile.Status != "failed" || profile.Contact["zh"] != shown.Text["zh"] {
		t.Fatalf("the profile: %+v", profile)
	}

	other := w.join()
	w.clearLockouts()
	other.verifyPhone("13800000002")
	out.out.Store(true)
	wantProblem(t, other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusServiceUnavailable, credential.IdentifyUnavailable)
	out.out.Store(false)
	wantStatusCode(t, other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusOK)
}
