package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/tokens"
)

// A passenger applies, passes the face check and opens a session on the phone; a gate
// accepts its codes.
func TestGateAcceptsAnchorCodes(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	if h.Status != "submitted" {
		t.Fatalf("a new application is %q", h.Status)
	}
	check := h.passCheck()
	s, code := h.openAnchored(check)
	if s.Serial != h.Serial || s.Period != 60 || s.Length != 30 || s.StartAt != w.clock.Now().Unix() {
		t.Fatalf("session %+v at %d", s, w.clock.Now().Unix())
	}
	if s.Expires != s.StartAt+24*60*60 {
		t.Fatalf("credential expires %d s after approval", s.Expires-s.StartAt)
	}
	for _, name := range []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"} {
		scope, _ := tokens.ParseScope([]byte(name))
		shown := code(0)
		if r := w.gateVerdict(&shown, scope); r != tokens.ReasonOK {
			t.Errorf("gate for %s: %s", name, r)
		}
	}
	w.clock.Move(29 * time.Minute)
	shown := code(29)
	if r := w.gateVerdict(&shown, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("the gate's verdict in the last minute: %s", r)
	}
}

// A phone in hosted mode fetches its codes until the 30 minutes are over.
func TestHostedSessionServesItsCodes(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.openHosted(h.passCheck())
	if s.Pass != "" {
		t.Fatal("the response of a hosted session contains the pass")
	}
	type code struct {
		Text   string `json:"text"`
		Step   int    `json:"step"`
		NextAt int64  `json:"next_at"`
		EndsAt int64  `json:"session_ends_at"`
	}
	for step := range 30 {
		c := as[code](t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
		if c.Step != step || c.NextAt != s.StartAt+60*int64(step+1) || c.EndsAt != s.StartAt+1800 {
			t.Fatalf("step %d: %+v", step, c)
		}
		var shown tokens.Token
		if r := shown.ParseText([]byte(c.Text)); r != tokens.ReasonOK {
			t.Fatalf("step %d does not parse: %s", step, r)
		}
		if r := w.gateVerdict(&shown, tokens.Exit); r != tokens.ReasonOK {
			t.Fatalf("step %d at the gate: %s", step, r)
		}
		w.clock.Move(time.Minute)
	}
	wantProblem(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusGone, "session_over")
}

// Rule A5: a person without a login enters their real identity for every application and
// every recovery of access.
func TestA5_IdentityIsEnteredEachTimeWithoutALogin(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	first := h.openHosted(h.passCheck())
	for _, name := range []string{"name", "document_type", "document_number"} {
		a := w.call("POST", "/v1/applications", "", with(name, nil))
		if a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("an application without %s was answered %d", name, a.Status)
		}
		incomplete := recoveryForm(h.Number)
		delete(incomplete, name)
		if a := w.call("POST", "/v1/viewings", "", incomplete); a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("a recovery without %s was answered %d", name, a.Status)
		}
	}
	// After the page is closed its token is invalid, and the identity alone does not restore
	// access.
	wantStatusCode(t, w.call("POST", h.path("/leave"), h.Token, object{}), http.StatusNoContent)
	wantProblem(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	failed := and(recoveryForm(h.Number), object{"evidence": "sandbox:fail"})
	wantProblem(t, w.call("POST", "/v1/viewings", "", failed), http.StatusUnprocessableEntity, credential.CheckFailed)

	// Identity and face check restore access to the same credential, with a new token.
	back, check := w.recoverAccess(h.Number)
	if back.Application != h.Application || back.Serial != h.Serial || back.Token == h.Token || back.Status != "approved" {
		t.Fatalf("access to %+v was recovered for %+v", back, h)
	}
	wantProblem(t, w.call("GET", "/v1/sessions/"+first.Session+"/code", back.Token, nil), http.StatusGone, credential.SessionClosed)
	back.openHosted(check)

	// Only a passed check reveals that a person has no temporary ID.
	wantProblem(t, w.call("POST", "/v1/viewings", "", recoveryForm(number(500))), http.StatusConflict, credential.NotApproved)
	failed["document_number"] = number(500)
	wantProblem(t, w.call("POST", "/v1/viewings", "", failed), http.StatusUnprocessableEntity, credential.CheckFailed)
}

// Rule A10: the code changes every 60 seconds. After a network outage a refresh returns the
// current code, and gates refuse the old one.
func TestA10_CodeChangesAndRefreshReturnsTheCurrentOne(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.openHosted(h.passCheck())
	show := func() (shown tokens.Token, text string) {
		t.Helper()
		c := as[struct {
			Text   string `json:"text"`
			NextAt int64  `json:"next_at"`
		}](t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
		if wait := c.NextAt - w.clock.Now().Unix(); wait < 1 || wait > 60 {
			t.Fatalf("the next code comes in %d s", wait)
		}
		if r := shown.ParseText([]byte(c.Text)); r != tokens.ReasonOK {
			t.Fatalf("the code does not parse: %s", r)
		}
		return shown, c.Text
	}
	old, text := show()
	w.clock.Move(59 * time.Second)
	if _, again := show(); again != text {
		t.Fatal("a refresh within the minute changed the code")
	}
	w.clock.Move(time.Second)
	if _, next := show(); next == text {
		t.Fatal("the code did not change after 60 s")
	}
	w.clock.Move(5 * time.Minute) // without network
	if r := w.gateVerdict(&old, tokens.Entry); r == tokens.ReasonOK {
		t.Fatal("the gate accepted a code of six minutes ago")
	}
	fresh, _ := show()
	if r := w.gateVerdict(&fresh, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("the gate's verdict after the refresh: %s", r)
	}
}

// Rule A11: after 30 minutes a new face check is required. Neither the check nor the viewing
// uses up quota.
func TestA11_NewCheckAfterThirtyMinutesUsesNoQuota(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	check := h.passCheck()
	for range 5 { // more than the applications of a month
		s := h.openHosted(check)
		w.clock.Move(30*time.Minute - time.Second)
		wantStatusCode(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
		w.clock.Move(time.Second)
		wantProblem(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusGone, credential.SessionOver)
		wantProblem(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusConflict, credential.CheckRequired)
		check = h.passCheck()
	}
	// Two more applications of the person are approved within the month: only one was used
	// up.
	for range 2 {
		w.clock.Move(24 * time.Hour)
		w.applyAs(with("document_number", h.Number)).passCheck()
	}
	w.clock.Move(24 * time.Hour)
	fourth := w.applyAs(with("document_number", h.Number))
	wantProblem(t, w.call("POST", fourth.path("/checks"), fourth.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.QuotaExceeded)
}

// fetchCode requests the code of a session.
func (h *holder) fetchCode(s session) answer {
	h.w.t.Helper()
	return h.w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil)
}

// Rule A12: closing the page ends access and sessions.
func TestA12_ClosingThePageEndsItsSessions(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.openHosted(h.passCheck())
	unused := h.passCheck()
	w.call("POST", h.path("/leave"), h.Token, object{})
	wantProblem(t, h.fetchCode(s), http.StatusNotFound, credential.SessionNotFound)
	wantProblem(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": unused, "mode": "hosted"}), http.StatusUnauthorized, credential.Unauthorized)
	back, check := w.recoverAccess(h.Number)
	wantStatusCode(t, back.fetchCode(back.openHosted(check)), http.StatusOK)
}

// A cleared cache loses the token. It is revoked once its owner has recovered access.
func TestA12_RecoveredAccessRevokesTheOldToken(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.openHosted(h.passCheck())
	back, _ := w.recoverAccess(h.Number)
	wantProblem(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	wantProblem(t, h.fetchCode(s), http.StatusNotFound, credential.SessionNotFound)
	wantProblem(t, back.fetchCode(s), http.StatusGone, credential.SessionClosed)
}

// Rule A12: a logout ends the sessions of that login, and no others.
func TestA12_LogoutEndsTheSessionsOfTheLogin(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.openHosted(h.passCheck())
	tablet := m.logInAgain()
	onTablet := h.onLogin(tablet)
	kept := onTablet.openHosted(onTablet.passCheck())
	wantProblem(t, onTablet.fetchCode(s), http.StatusNotFound, credential.SessionNotFound) // another login's

	wantStatusCode(t, m.call("DELETE", "/v1/logins/current", nil), http.StatusNoContent)
	wantProblem(t, h.fetchCode(s), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, w.call("GET", h.path(""), m.Token, nil), http.StatusUnauthorized, account.LoginRequired)
	wantStatusCode(t, onTablet.fetchCode(kept), http.StatusOK)
	// A new login does not reopen the session: it needs a new check.
	back := h.onLogin(m.logInAgain())
	wantProblem(t, back.fetchCode(s), http.StatusNotFound, credential.SessionNotFound)
	wantStatusCode(t, back.fetchCode(back.openHosted(back.passCheck())), http.StatusOK)
}

// Rule A12, lost phone: a logout everywhere ends all logins.
func TestA12_LogoutEverywhereEndsAllLogins(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.openHosted(h.passCheck())
	stranger := w.join()
	wantStatusCode(t, m.logInAgain().call("DELETE", "/v1/logins", nil), http.StatusNoContent)
	wantProblem(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, h.fetchCode(s), http.StatusUnauthorized, account.LoginRequired)
	wantProblem(t, h.onLogin(m.logInAgain()).fetchCode(s), http.StatusNotFound, credential.SessionNotFound)
	stranger.profile()
}

// A member who closes the page keeps the login; its sessions end.
func TestA12_ClosingThePageKeepsTheLogin(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.openHosted(h.passCheck())
	wantStatusCode(t, m.call("POST", h.path("/leave"), object{}), http.StatusNoContent)
	wantProblem(t, h.fetchCode(s), http.StatusGone, credential.SessionClosed)
	wantStatusCode(t, h.fetchCode(h.openHosted(h.passCheck())), http.StatusOK)
}
