package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/tokens"
)

// Rule A5: somebody who is not logged in enters a real identity for every
// submission and every viewing.
func TestA5_WhoIsNotLoggedInEntersTheirIdentityEachTime(t *testing.T) {
	w := newWorld(t, setup{})
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
	if a := w.call("POST", h.path("/leave"), h.Token, object{}); a.Status != http.StatusNoContent {
		t.Fatalf("leaving was answered %d %s", a.Status, a.Body)
	}
	refused(t, w.call("GET", h.path(""), h.Token, nil), http.StatusUnauthorized, credential.Unauthorized)
	failed := viewing(h.Number)
	failed["evidence"] = "sandbox:fail"
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
	w := newWorld(t, setup{})
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
	w := newWorld(t, setup{})
	h := w.apply()
	check := h.pass()
	for range 5 { // more often than there are applications in a month
		s := h.host(check)
		w.clock.Move(30*time.Minute - time.Second)
		if a := w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil); a.Status != http.StatusOK {
			t.Fatalf("in the last second: %d %s", a.Status, a.Body)
		}
		w.clock.Move(time.Second)
		refused(t, w.call("GET", "/v1/sessions/"+s.Session+"/code", h.Token, nil), http.StatusGone, credential.SessionOver)
		refused(t, w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusConflict, credential.CheckRequired)
		check = h.pass()
	}
	// Two more applications of the person are approved within the month: one was used up.
	for range 2 {
		w.clock.Move(24 * time.Hour)
		f := form()
		f["document_number"] = h.Number
		w.applyAs(f).pass()
	}
	w.clock.Move(24 * time.Hour)
	f := form()
	f["document_number"] = h.Number
	fourth := w.applyAs(f)
	refused(t, w.call("POST", fourth.path("/checks"), fourth.Token, object{"evidence": "sandbox:pass"}), http.StatusConflict, credential.QuotaExceeded)
}
