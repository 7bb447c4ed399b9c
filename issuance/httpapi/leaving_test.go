package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
)

// showing asks for the code of a session.
func (h *holder) showing(s session) answer {
	h.w.t.Helper()
	return h.w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil)
}

// Rule A12: closing the page ends the viewing.
func TestA12_ClosingThePageEndsTheViewing(t *testing.T) {
	w := newWorld(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	unused := h.pass()
	w.call("POST", h.path("/leave"), h.Token, object{})
	refused(t, h.showing(s), http.StatusNotFound, credential.SessionNotFound)
	refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": unused, "mode": "hosted"}), http.StatusUnauthorized, credential.Unauthorized)
	back, check := w.reenter(h.Number)
	if a := back.showing(back.host(check)); a.Status != http.StatusOK {
		t.Fatalf("after a new check: %d", a.Status)
	}
}

// A cleared cache is a lost token. Whoever finds it meanwhile is out as soon as
// the holder has come back.
func TestA12_AClearedCacheLosesThePage(t *testing.T) {
	w := newWorld(t, setup{})
	h := w.apply()
	s := h.host(h.pass())
	back, _ := w.reenter(h.Number)
	refused(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	refused(t, h.showing(s), http.StatusNotFound, credential.SessionNotFound)
	refused(t, back.showing(s), http.StatusGone, credential.SessionClosed)
}

// Rule A12: logging out ends what the login shows, and only that.
func TestA12_LoggingOutEndsWhatTheLoginShows(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	tablet := m.again()
	onTablet := h.on(tablet)
	kept := onTablet.host(onTablet.pass())
	refused(t, onTablet.showing(s), http.StatusNotFound, credential.SessionNotFound) // another login's

	if a := m.call("DELETE", "/v1/logins/current", nil); a.Status != http.StatusNoContent {
		t.Fatalf("logging out was answered %d", a.Status)
	}
	refused(t, h.showing(s), http.StatusUnauthorized, account.LoginRequired)
	refused(t, w.call("GET", h.path(""), m.Token, nil), http.StatusUnauthorized, account.LoginRequired)
	if a := onTablet.showing(kept); a.Status != http.StatusOK {
		t.Fatalf("the other login lost its session: %d %s", a.Status, a.Body)
	}
	// Logging in again does not bring the session back: the check comes first.
	back := h.on(m.again())
	refused(t, back.showing(s), http.StatusNotFound, credential.SessionNotFound)
	if a := back.showing(back.host(back.pass())); a.Status != http.StatusOK {
		t.Fatalf("after a new check: %d", a.Status)
	}
}

// Rule A12 for a phone that is gone: one login ends all.
func TestA12_LoggingOutEverywhere(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	stranger := w.join()
	if a := m.again().call("DELETE", "/v1/logins", nil); a.Status != http.StatusNoContent {
		t.Fatalf("logging out everywhere was answered %d", a.Status)
	}
	refused(t, m.call("GET", "/v1/account", nil), http.StatusUnauthorized, account.LoginRequired)
	refused(t, h.showing(s), http.StatusUnauthorized, account.LoginRequired)
	refused(t, h.on(m.again()).showing(s), http.StatusNotFound, credential.SessionNotFound)
	stranger.profile()
}

// A member who leaves the page keeps the login and ends what it showed.
func TestA12_LeavingThePageKeepsTheLogin(t *testing.T) {
	w := newWorld(t, setup{})
	m := w.join()
	h := m.apply()
	s := h.host(h.pass())
	if a := m.call("POST", h.path("/leave"), object{}); a.Status != http.StatusNoContent {
		t.Fatalf("leaving was answered %d", a.Status)
	}
	refused(t, h.showing(s), http.StatusGone, credential.SessionClosed)
	if a := h.showing(h.host(h.pass())); a.Status != http.StatusOK {
		t.Fatalf("after a new check: %d", a.Status)
	}
}
