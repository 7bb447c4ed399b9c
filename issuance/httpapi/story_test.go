package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

// A passenger applies, passes the face check, opens a session on the phone, and
// the gate says yes to what the phone shows.
func TestPassengerGetsThroughTheGate(t *testing.T) {
	w := newWorld(t, setup{})
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
	w := newWorld(t, setup{})
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
