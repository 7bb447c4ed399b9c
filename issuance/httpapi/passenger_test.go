package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/tokens"
)

// A passenger applies, passes the face check, opens a session on the phone, and
// the gate says yes to what the phone shows.
func TestPassengerGetsThroughTheGate(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	if h.Status != "submitted" {
		t.Fatalf("a new application is %q", h.Status)
	}
	check := h.pass()
	s, code := h.open(check)
	if s.Serial != h.Serial || s.Period != 60 || s.Length != 30 || s.StartAt != w.clock.Now().Unix() {
		t.Fatalf("session %+v at %d", s, w.clock.Now().Unix())
	}
	if s.Expires != s.StartAt+24*60*60 {
		t.Fatalf("credential expires %d s after approval", s.Expires-s.StartAt)
	}
	for _, name := range []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"} {
		scope, _ := tokens.ParseScope([]byte(name))
		shown := code(0)
		if r := w.gate(&shown, scope); r != tokens.ReasonOK {
			t.Errorf("gate for %s: %s", name, r)
		}
	}
	w.clock.Move(29 * time.Minute)
	shown := code(29)
	if r := w.gate(&shown, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("in the last minute: %s", r)
	}
}

// A phone that cannot keep a seed fetches its codes, until the 30 minutes are over.
func TestHostedSession(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	if s.Pass != "" {
		t.Fatal("a hosted session gave its pass away")
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
		if r := w.gate(&shown, tokens.Exit); r != tokens.ReasonOK {
			t.Fatalf("step %d at the gate: %s", step, r)
		}
		w.clock.Move(time.Minute)
	}
	refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusGone, "session_over")
}

// Rule A5: somebody who is not logged in enters a real identity for every
// submission and every viewing.
func TestA5_WhoIsNotLoggedInEntersTheirIdentityEachTime(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	first := h.host(h.pass())
	for _, name := range []string{"name", "document_type", "document_number"} {
		a := w.call("POST", "/v1/applications", "", with(name, nil))
		if a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("an application without %s was answered %d", name, a.Status)
		}
		incomplete := viewing(h.Number)
		delete(incomplete, name)
		if a := w.call("POST", "/v1/viewings", "", incomplete); a.Status != http.StatusUnprocessableEntity {
			t.Fatalf("a viewing without %s was answered %d", name, a.Status)
		}
	}
	// The page is closed. Its token is worth nothing; the identity alone is not enough either.
	hasStatus(t, w.call("POST", h.path("/leave"), h.Token, object{}), http.StatusNoContent)
	refused(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	failed := and(viewing(h.Number), object{"evidence": "sandbox:fail"})
	refused(t, w.call("POST", "/v1/viewings", "", failed), http.StatusUnprocessableEntity, credential.CheckFailed)

	// Identity and face check lead back to the same credential, and to a new token.
	back, check := w.reenter(h.Number)
	if back.Application != h.Application || back.Serial != h.Serial || back.Token == h.Token || back.Status != "approved" {
		t.Fatalf("came back to %+v from %+v", back, h)
	}
	refused(t, w.call("GET", "/v1/sessions/"+first.Session+"/code", back.Token, nil), http.StatusGone, credential.SessionClosed)
	back.host(check)

	// Who passes the check and has no temporary ID learns that; who does not pass learns nothing.
	refused(t, w.call("POST", "/v1/viewings", "", viewing(number(500))), http.StatusConflict, credential.NotApproved)
	failed["document_number"] = number(500)
	refused(t, w.call("POST", "/v1/viewings", "", failed), http.StatusUnprocessableEntity, credential.CheckFailed)
}

// Rule A10: the code renews itself every 60 seconds; after a loss of the network,
// a refresh gives the code of that moment, and the stale one no gate takes.
func TestA10_TheCodeRenewsItselfAndARefreshGivesThatOfNow(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
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
	if r := w.gate(&old, tokens.Entry); r == tokens.ReasonOK {
		t.Fatal("a gate took a code of six minutes ago")
	}
	fresh, _ := show()
	if r := w.gate(&fresh, tokens.Entry); r != tokens.ReasonOK {
		t.Fatalf("after the refresh: %s", r)
	}
}

// Rule A11: after 30 minutes the holder passes the check again. Neither that nor
// viewing uses up quota.
func TestA11_AfterThirtyMinutesTheCheckAgainAndNoQuota(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	check := h.pass()
	for range 5 { // more often than there are applications in a month
		s := h.host(check)
		w.clock.Move(30*time.Minute - time.Second)
		hasStatus(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusOK)
		w.clock.Move(time.Second)
		refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusGone, credential.SessionOver)
		refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusConflict, credential.CheckRequired)
		check = h.pass()
	}
	// Two more applications of the person are approved within the month: one was used up.
	for range 2 {
		w.clock.Move(24 * time.Hour)
		w.applyAs(with("document_number", h.Number)).pass()
	}
	w.clock.Move(24 * time.Hour)
	fourth := w.applyAs(with("document_number", h.Number))
	refused(t, w.call("POST", fourth.path("/checks"), fourth.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.QuotaExceeded)
}

// showing asks for the code of a session.
func (h *holder) showing(s session) answer {
	h.w.t.Helper()
	return h.w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil)
}

// Rule A12: closing the page ends the viewing.
func TestA12_ClosingThePageEndsTheViewing(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	unused := h.pass()
	w.call("POST", h.path("/leave"), h.Token, object{})
	refused(t, h.showing(s), http.StatusNotFound, credential.SessionNotFound)
	refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": unused, "mode": "hosted"}), http.StatusUnauthorized, credential.Unauthorized)
	back, check := w.reenter(h.Number)
	hasStatus(t, back.showing(back.host(check)), http.StatusOK)
}

// A cleared cache is a lost token. Whoever finds it meanwhile is out as soon as
// the holder has come back.
func TestA12_AClearedCacheLosesThePage(t *testing.T) {
	w := newSystem(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	back, _ := w.reenter(h.Number)
	refused(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	refused(t, h.showing(s), http.StatusNotFound, credential.SessionNotFound)
	refused(t, back.showing(s), http.StatusGone, credential.SessionClosed)
}

// Rule A12: logging out ends what the login shows, and only that.
func TestA12_LoggingOutEndsWhatTheLoginShows(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	tablet := m.again()
	onTablet := h.on(tablet)
	kept := onTablet.host(onTablet.pass())
	refused(t, onTablet.showing(s), http.StatusNotFound, credential.SessionNotFound) // another login's

	hasStatus(t, m.call("DELETE", "/v1/logins/current", nil), http.StatusNoContent)
	refused(t, h.showing(s), http.StatusUnauthorized, account.LoginRequired)
	refused(t, w.call("GET", h.path(""), m.Token, nil), http.StatusUnauthorized, account.LoginRequired)
	hasStatus(t, onTablet.showing(kept), http.StatusOK)
	// Logging in again does not bring the session back: the check comes first.
	back := h.on(m.again())
	refused(t, back.showing(s), http.StatusNotFound, credential.SessionNotFound)
	hasStatus(t, back.showing(back.host(back.pass())), http.StatusOK)
}

// Rule A12 for a phone that is gone: one login ends all.
func TestA12_LoggingOutEverywhere(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	stranger := w.join()
	hasStatus(t, m.again().call("DELETE", "/v1/logins", nil), http.StatusNoContent)
	refused(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	refused(t, h.showing(s), http.StatusUnauthorized, account.LoginRequired)
	refused(t, h.on(m.again()).showing(s), http.StatusNotFound, credential.SessionNotFound)
	stranger.profile()
}

// A member who leaves the page keeps the login and ends what it showed.
func TestA12_LeavingThePageKeepsTheLogin(t *testing.T) {
	w := newSystem(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	hasStatus(t, m.call("POST", h.path("/leave"), object{}), http.StatusNoContent)
	refused(t, h.showing(s), http.StatusGone, credential.SessionClosed)
	hasStatus(t, h.showing(h.host(h.pass())), http.StatusOK)
}
