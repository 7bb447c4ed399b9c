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

// codeOf is what an answer was refused for; empty: it was not.
func codeOf(t testing.TB, a answer) problem.Code {
	t.Helper()
	if a.Status < 400 {
		return ""
	}
	return as[struct {
		Code problem.Code `json:"code"`
	}](t, a, a.Status).Code
}

// atOnce sends n requests at the same time and counts what became of them.
func (w *system) atOnce(n int, send func(i int) answer) map[problem.Code]int {
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

// A holder keeps a list; nobody else comes at it.
func TestPassengersAreTheHoldersOwn(t *testing.T) {
	w := newSystem(t, setup{})
	m, other := w.join(), w.join()
	m.checked("holder")
	other.checked("holder")
	p := m.adds(resident(800))
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
		refused(t, foreign, http.StatusNotFound, registry.EntryNotFound)
		if string(foreign.Body) != string(none.Body) {
			t.Errorf("%s: somebody else's passenger is %s, one that never was %s", c.method, foreign.Body, none.Body)
		}
		for _, token := range []string{"", w.staff, w.staffOf["ticketing"]} {
			refused(t, w.call(c.method, line, token, c.body), http.StatusUnauthorized, account.LoginRequired)
		}
	}
	// Of two phones that edit one line, the second has not seen what it would overwrite.
	if got := as[entry](t, m.call("PUT", line, edit), http.StatusOK); got.Number != number(801) || got.Version != 2 || got.Passenger != p.Passenger {
		t.Fatalf("edited to %+v", got)
	}
	refused(t, m.again().call("PUT", line, and(resident(802), object{"version": 1})), http.StatusConflict, registry.EntryChanged)
	if got := as[entry](t, m.call("PUT", line, and(resident(802), object{"version": 2})), http.StatusOK); got.Number != number(802) || got.Version != 3 {
		t.Fatalf("edited again to %+v", got)
	}
	if a := m.call("DELETE", line, nil); a.Status != http.StatusNoContent || len(m.passengers().Passengers) != 0 {
		t.Fatalf("a pending passenger stays: %d %s", a.Status, a.Body)
	}
}

// Rule B12: while the policy in force waits for the holder's consent, nobody comes
// onto the list or is changed there; the list can be seen and shortened.
func TestB12_NobodyIsListedWhileConsentIsDue(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.checked("holder")
	p := m.adds(resident(805))
	w.accounts.Policy = "2026-02"
	line := listPath + "/" + p.Passenger
	refused(t, m.call("POST", listPath, resident(806)), http.StatusConflict, account.ConsentRequired)
	refused(t, m.call("PUT", line, and(resident(806), object{"version": 1})), http.StatusConflict, account.ConsentRequired)
	if l := m.passengers(); len(l.Passengers) != 1 || l.Passengers[0] != p {
		t.Fatalf("listed %+v", l)
	}
	hasStatus(t, m.call("DELETE", line, nil), http.StatusNoContent)
}

// Whatever is missing in a form is told by its field.
func TestFieldsOfAPassenger(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.checked("holder")
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
	m := w.join() // pending: none at all
	for _, form := range []object{resident(810), visitor(810)} {
		refused(t, m.call("POST", listPath, form), http.StatusConflict, rules.AccountStatus)
	}
	m.checked("holder")
	m.adds(resident(810))
	refused(t, m.call("POST", listPath, resident(810)), http.StatusConflict, rules.AlreadyListed)

	v := w.visits() // to be submitted: other documents, five of them, from however many phones
	refused(t, v.call("POST", listPath, resident(811)), http.StatusConflict, rules.OtherDocumentsOnly)
	got := w.atOnce(24, func(i int) answer { return v.call("POST", listPath, visitor(811+i)) })
	if got[""] != 5 || got[rules.ToBeSubmittedFull] != 19 || len(v.passengers().Passengers) != 5 {
		t.Fatalf("24 at once: %v", got)
	}
}

// Residents are pending at first, and pending ones have a limit of their own.
func TestB3_AtMostAHundredOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	m.checked("holder")
	got := w.atOnce(120, func(i int) answer { return m.call("POST", listPath, resident(1000+i)) })
	if got[""] != 100 || got[rules.UncountedFull] != 20 || len(m.passengers().Passengers) != 100 {
		t.Fatalf("120 at once: %v", got)
	}
}

func TestB4_KeptFor180DaysOverHTTP(t *testing.T) {
	w := newSystem(t, setup{})
	v := w.visits()
	p := v.adds(visitor(840))
	bought := v.adds(visitor(841)).Passenger
	w.reports(v.buys("K", bought))
	line := listPath + "/" + p.Passenger

	a := v.call("DELETE", line, nil)
	refused(t, a, http.StatusConflict, rules.PassengerKept)
	free := w.clock.Now().Add(180*24*time.Hour + time.Second).Truncate(time.Second)
	told := as[struct {
		RetryAt int64 `json:"retry_at"`
	}](t, a, http.StatusConflict)
	if told.RetryAt != free.Unix() || a.Header.Get("Retry-After") != free.UTC().Format(http.TimeFormat) {
		t.Fatalf("free from %d and %q, want %v", told.RetryAt, a.Header.Get("Retry-After"), free)
	}
	refused(t, v.call("DELETE", listPath+"/"+bought, nil), http.StatusConflict, rules.TicketBought)
	refused(t, v.call("PUT", listPath+"/"+bought, and(visitor(842), object{"version": 1})), http.StatusConflict, rules.TicketBought)

	w.clock.Move(time.Unix(told.RetryAt, 0).Sub(w.clock.Now()))
	v = v.again()
	hasStatus(t, v.call("DELETE", line, nil), http.StatusNoContent)
	refused(t, v.call("DELETE", listPath+"/"+bought, nil), http.StatusConflict, rules.TicketBought)
}

// Closing an account is refused while a journey is not over; what it means can be
// asked before.
func TestClosingAnAccountWithTickets(t *testing.T) {
	w := newSystem(t, setup{})
	type closing struct {
		Allowed    bool
		Refused    struct{ Code problem.Code }
		TakenUntil int64 `json:"identity_taken_until"`
	}
	v := w.visits()
	ask := func() closing { return as[closing](t, v.call("GET", "/v1/account/close", nil), http.StatusOK) }
	if c := ask(); !c.Allowed || c.TakenUntil != 0 {
		t.Fatalf("closing means %+v", c)
	}
	w.reports(v.buys("C", "holder"))
	if c := ask(); c.Allowed || c.Refused.Code != registry.TicketsUnfinished || c.TakenUntil == 0 {
		t.Fatalf("closing means %+v", c)
	}
	a := v.call("POST", "/v1/account/close", object{"password": testPassword})
	refused(t, a, http.StatusConflict, registry.TicketsUnfinished)
	w.clock.Move(48 * time.Hour)
	if c := ask(); !c.Allowed || c.TakenUntil == 0 {
		t.Fatalf("after the journey closing means %+v", c)
	}
	hasStatus(t, v.call("POST", "/v1/account/close", object{"password": testPassword}), http.StatusNoContent)
	w.empty("holders", "passengers", "tickets", "identities WHERE account IS NOT NULL")
	refused(t, w.call("POST", "/v1/accounts", "", v.form), http.StatusConflict, rules.IdentityRegistered)
}

// Rule G39 over HTTP: phone, face and resident registry make the account verified. It uses
// up no application: three are left afterwards.
func TestG39_ThePersonIsVerifiedOnline(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	path := "/v1/account/verification"
	refused(t, m.call("POST", path, object{"evidence": "sandbox:pass"}), http.StatusConflict, account.PhoneUnverified)
	m.verifyPhone("13800000001")
	refused(t, m.call("POST", path, object{"evidence": "sandbox:fail"}), http.StatusUnprocessableEntity, credential.CheckFailed)
	a := m.call("POST", path, object{"evidence": "sandbox:pass"})
	if s := as[struct{ Status string }](t, a, http.StatusOK); s.Status != "verified" || !strings.Contains(a.Header.Get("Real-Person-Check"), "NOT A REAL FACE CHECK") {
		t.Fatalf("%+v by %q", s, a.Header.Get("Real-Person-Check"))
	}
	list := m.call("GET", "/v1/account/passengers", nil)
	runtest.Has(t, string(list.Body), `"status":"verified"`)
	auditLog := w.call("GET", "/v1/audit-log?kind=account&object="+m.Account, w.staffOf["operator"], nil)
	if text := string(auditLog.Body); !strings.Contains(text, `"verify_online"`) || strings.Contains(text, testName) {
		t.Fatalf("the audit log: %s", text)
	}
	m.apply().pass()
}

// Failed checks count with those of applications: five lock the document for the network,
// whichever way they came.
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
	refused(t, m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
	refused(t, w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusTooManyRequests, throttle.TooManyFailures)
}

// An identity that the resident registry does not confirm stays unverified, and the answer
// names customer service (rule G38). A silent registry changes nothing.
func TestG38_WhoIsNotConfirmedReadsHowToReachCustomerService(t *testing.T) {
	out := &outage{}
	w := newSystem(t, setup{residents: out})
	m := w.joinAs(and(registration(700), object{"name": provider.SandboxNotMatched}))
	m.verifyPhone("13800000001")
	a := m.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"})
	refused(t, a, http.StatusUnprocessableEntity, credential.IdentityNotConfirmed)
	shown := as[struct{ Text map[string]string }](t, w.call("GET", "/v1/contact", "", nil), http.StatusOK)
	told := as[struct{ Contact map[string]string }](t, a, http.StatusUnprocessableEntity)
	if shown.Text["zh"] == "" || told.Contact["zh"] != shown.Text["zh"] || told.Contact["en"] != shown.Text["en"] || !strings.Contains(shown.Text["zh"], "12306") {
		t.Fatalf("%+v, %+v", shown, told)
	}
	// A failed status names it too.
	w.exec(`UPDATE holders SET status = 5 WHERE id = $1`, m.Account)
	profile := as[struct {
		Status  string
		Contact map[string]string
	}](t, m.call("GET", "/v1/account", nil), http.StatusOK)
	if profile.Status != "failed" || profile.Contact["zh"] != shown.Text["zh"] {
		t.Fatalf("the profile: %+v", profile)
	}

	other := w.join()
	w.forgive()
	other.verifyPhone("13800000002")
	out.out.Store(true)
	refused(t, other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusServiceUnavailable, credential.IdentifyUnavailable)
	out.out.Store(false)
	hasStatus(t, other.call("POST", "/v1/account/verification", object{"evidence": "sandbox:pass"}), http.StatusOK)
}
