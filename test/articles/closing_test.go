package articles_test

import (
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/test/harness"
)

// closedAt fails unless a gate refuses a code because its session was closed, with a text that says
// what to do.
func closedAt(t *testing.T, h *harness.Harness, code string) {
	t.Helper()
	v := h.Gate.Scan(code, "entry")
	v.Denied(t, "session_closed")
	if v.Class != "passenger" || !strings.Contains(v.Text.En, "face check") || !strings.Contains(v.Text.Zh, "实人核验") {
		t.Errorf("the gate says %s: %+v", v.Class, v.Text)
	}
	if v.Serial != "" || v.Subject != "" {
		t.Error("a refusal names the passenger")
	}
}

// Without a login, closing the page ends the session: the codes on the phone for the rest of the 30
// minutes open no gate. A new face check is needed.
func TestT16_ClosingThePageEndsTheCodeAtTheGates(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		h.Clock.Move(3 * time.Minute)
		h.Gate.Scan(p.Code(), "entry").Allowed(t) // known to the gateway by now
		p.Leave().OK(t)
		closedAt(t, h, p.Code())
		h.Clock.Move(time.Minute)
		closedAt(t, h, p.Code()) // the next code that the phone can make
		p.Call("POST", "/checks", harness.Object{"evidence": harness.FacePasses}).Refused(t, credential.Unauthorized)

		h.TryView(p.Person, harness.FaceFails).Refused(t, credential.CheckFailed)
		back, check := h.View(p.Person)
		back.Show(check)
		h.Gate.Scan(back.Code(), "entry").Allowed(t)
		closedAt(t, h, p.Code())
	})
}

// In hosted mode a code that was just fetched is refused as well.
func TestT16_ClosingThePageEndsAHostedCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p, check := h.Approved(h.Person())
		p.Host(check)
		fetched := p.Code()
		h.Gate.Scan(fetched, "entry").Allowed(t)
		p.Leave().OK(t)
		closedAt(t, h, fetched)
	})
}

// After a logout viewing needs a face check again, and gates refuse the codes of that login. The
// account's other phone is not affected.
func TestT23_LogoutEndsTheCodeAtTheGates(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.ApplyShowing()
		q := p.On(a.LogIn())
		h.Clock.Move(time.Second)
		q.Show(q.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Gate.Scan(q.Code(), "entry").Allowed(t)

		a.LogOut()
		closedAt(t, h, p.Code())
		h.Gate.Scan(q.Code(), "entry").Allowed(t)

		again := a.LogIn()
		p.Token = again.Token
		check := p.Check() // the face check again
		p.Show(check)
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		again.Call("DELETE", "/v1/logins", nil).OK(t) // everywhere
		closedAt(t, h, p.Code())
		closedAt(t, h, q.Code())
	})
}

// Gates distinguish sessions of two phones that were opened in the same second.
func TestT23_TwoPhonesInOneSecondAreTwoSessions(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.ApplyShowing()
		q := p.On(a.LogIn())
		q.Show(q.Check()) // the clock has not moved
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		h.Gate.Scan(q.CodeAt(0), "entry").Allowed(t)
		a.LogOut()
		closedAt(t, h, p.Code())
		h.Gate.Scan(q.CodeAt(0), "entry").Allowed(t)
	})
}

func TestT23_NewPasswordAndClosedAccountEndTheCode(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.ApplyShowing()
		other := a.LogIn()
		other.Call("PUT", "/v1/account/password", harness.Object{"password": harness.Password, "new_password": "another horse 蓝色"}).OK(t)
		closedAt(t, h, p.Code())

		p.Token = other.Token
		h.Clock.Move(time.Second)
		p.Show(p.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		other.Call("POST", "/v1/account/close", harness.Object{"password": "another horse 蓝色"}).OK(t)
		closedAt(t, h, p.Code())
	})
}

// A cleared cache loses login and access token. The person passes the face check again, and the
// earlier code ends.
func TestT24_ClearedCacheNeedsANewFaceCheck(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		lost := h.Showing(h.Person())
		back, check := h.View(lost.Person)
		closedAt(t, h, lost.Code())
		back.Show(check)
		h.Gate.Scan(back.Code(), "entry").Allowed(t)

		a := h.Verified(h.Person())
		p := a.Apply()
		p.Host(p.Check())
		p.Token = "" // the login was lost with the cache
		p.TryCode().Refused(t, credential.Unauthorized)
		p.Token = a.LogIn().Token
		p.TryCode().Refused(t, credential.SessionNotFound) // not a session of this login
		p.Host(p.Check())
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
	})
}

// A registered user who closes the page needs no new face check within the 30 minutes.
func TestT25_RegisteredUserOpensThePageAgain(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		p := a.Apply()
		p.Host(p.Check())
		first := p.Code()
		h.Clock.Move(20 * time.Minute) // the page is closed, without a request to the issuer
		h.Gate.Scan(p.Code(), "entry").Allowed(t)
		if p.Code() == first {
			t.Error("the page shows the old code")
		}
		if n := len(a.Applications()); n != 1 {
			t.Errorf("%d applications were used", n)
		}
	})
}

// A photograph of a code ends with its session, no caller opens another person's sessions, and a phone
// that chooses the same anchor gets its own session.
func TestT43_UseByAnotherPersonIsStopped(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		p := h.Showing(h.Person())
		photograph := p.Code()
		stranger := h.Showing(h.Person()) // chooses the same anchor's seed in the same second
		h.Gate.Scan(photograph, "entry").Allowed(t)
		stranger.Leave().OK(t)
		h.Gate.Scan(photograph, "entry").Allowed(t) // the other session does not end this one
		closedAt(t, h, stranger.Code())

		thief := *p
		thief.Token = stranger.Token
		thief.Leave().Refused(t, credential.Unauthorized)
		thief.TryCheck(harness.FacePasses).Refused(t, credential.Unauthorized)
		h.Gate.Scan(photograph, "entry").Allowed(t)

		p.Leave().OK(t)
		closedAt(t, h, photograph)
	})
}
