package gateway_test

import (
	"bufio"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/overload"
)

// What is given up first is what costs most and helps least: a pass that was
// seen is judged until nothing else is, and health is always told.
func TestWhatIsGivenUpUnderPressure(t *testing.T) {
	const ok, busy = 200, 503
	for _, c := range []struct {
		level                     overload.Level
		seen, unseen, dead, batch int
	}{
		{overload.Calm, ok, ok, ok, ok},
		{overload.Busy, ok, ok, ok, ok},
		{overload.Full, ok, busy, ok, busy},
		{overload.Over, busy, busy, busy, busy},
	} {
		t.Run(c.level.String(), func(t *testing.T) {
			s := open(t, plan{})
			seen, unseen := s.goodCode(1), s.goodCode(2)
			if a := s.check("entry", seen); a.status != ok {
				t.Fatalf("status %d", a.status)
			}
			s.Settle()
			s.HoldPressure(c.level)
			for name, ask := range map[string]struct {
				a    answer
				want int
			}{
				"a pass that was seen": {s.check("entry", seen), c.seen},
				"one that was not":     {s.check("entry", unseen), c.unseen},
				"a refusal for free":   {s.check("entry", at(-120, 0)(s)), c.dead},
				"a batch":              {s.checks("entry", scanned{seen, now}), c.batch},
				"health":               {s.ask("GET", "/healthz", "", ""), ok},
				"readiness":            {s.ask("GET", "/readyz", "", ""), ok},
			} {
				if ask.a.status != ask.want {
					t.Errorf("%s: status %d, want %d", name, ask.a.status, ask.want)
				}
				if retry := ask.a.header.Get("Retry-After"); (retry == "1") != (ask.want == busy) {
					t.Errorf("%s: Retry-After %q", name, retry)
				}
			}
		})
	}
}

// forged is a code whose pass nobody signed.
func (s *station) forged(index uint32) string {
	session := s.issuer.Open(index, now/1000)
	session.Pass[60] ^= 1
	code := session.Code(0)
	return code.Text()
}

// A connection that shows forgeries waits for its refusals while the gateway is
// busy, another one does not, and good codes make up for bad ones.
func TestAForgerWaits(t *testing.T) {
	s := open(t, plan{})
	s.HoldPressure(overload.Busy)
	forger, gate := s.apart(), s.apart()
	show := func(on *station, code, want string) time.Duration {
		t.Helper()
		began := time.Now()
		if v := readVerdict(t, on.check("entry", code).body); v.Reason != want {
			t.Fatalf("%s, want %s", v.Reason, want)
		}
		return time.Since(began)
	}
	for i := range uint32(gateway.Forgeries) {
		show(forger, s.forged(100+i), "bad_signature")
	}
	if n := s.Slowed(); n != 0 {
		t.Fatalf("%d refusals were held back among the first %d", n, gateway.Forgeries)
	}
	const more = 5
	for i := range uint32(more) {
		if took := show(forger, s.forged(200+i), "bad_signature"); took < gateway.Forgeries*gateway.ForgeryWait {
			t.Errorf("forgery %d was refused after %v", i, took)
		}
	}
	show(forger, s.goodCode(3), "ok") // an admission is never held back
	show(gate, s.forged(300), "bad_signature")
	if n := s.Slowed(); n != more {
		t.Fatalf("%d refusals were held back, want %d", n, more)
	}
	for i := range uint32(more) {
		show(forger, s.goodCode(10+i), "ok")
	}
	show(forger, s.forged(400), "bad_signature")
	if n := s.Slowed(); n != more {
		t.Error("a connection that had made up for its forgeries was held back")
	}
	s.HoldPressure(overload.Calm)
	for i := range uint32(3 * gateway.Forgeries) {
		show(forger, s.forged(500+i), "bad_signature")
	}
	if n := s.Slowed(); n != more {
		t.Error("a refusal was held back while there was nothing to do")
	}
}

// So does one that shows an unknown credential, or sends what is no check without
// waiting for answers. Requests one after the other are not held back.
func TestAStrangerWaits(t *testing.T) {
	s := open(t, plan{})
	s.HoldPressure(overload.Busy)
	const more = 2
	caller := s.apart()
	for range gateway.Forgeries {
		caller.ask("POST", "/v1/check?scope=entry", "Bearer "+stranger, "x")
		caller.ask("GET", "/healthz", "", "")
	}
	if n := s.Slowed(); n != 0 {
		t.Fatalf("%d answers were held back among the first %d", n, gateway.Forgeries)
	}
	for range more {
		caller.ask("POST", "/v1/check?scope=entry", "Bearer "+stranger, "x")
	}
	s.apart().ask("POST", "/v1/check?scope=entry", "Bearer "+stranger, "x")
	if n := s.Slowed(); n != more {
		t.Errorf("%d answers were held back, want %d", n, more)
	}
	// All but the first of these come before the answer to the one before.
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 1+gateway.Forgeries+more))
	for in := bufio.NewReader(conn); s.Slowed() < 2*more; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%d answers were held back, want %d: %v", s.Slowed(), 2*more, err)
		}
		s.read(response)
	}
}

// One that never waits for answers is held back even when there is nothing to do.
func TestAnEndlessPipelineWaits(t *testing.T) {
	s := open(t, plan{})
	s.HoldPressure(overload.Calm)
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 2*gateway.MostForgeries))
	in := bufio.NewReader(conn)
	for answered := 0; s.Slowed() == 0; answered++ {
		if answered > gateway.MostForgeries {
			t.Fatalf("none of %d answers was held back", answered)
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.read(response)
	}
}

// apart is the same station over a connection of its own.
func (s *station) apart() *station {
	part := *s
	part.client = &http.Client{Transport: &http.Transport{}, Timeout: patience}
	s.t.Cleanup(part.client.CloseIdleConnections)
	return &part
}

// The gauge is read while the gateway serves, and is among its metrics.
func TestPressureIsMeasured(t *testing.T) {
	s := open(t, plan{})
	for deadline := time.Now().Add(patience); s.counters("railgate_overload_level")["calm"] != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("an idle gateway is not calm: %v", s.counters("railgate_overload_level"))
		}
	}
	s.HoldPressure(overload.Over)
	want := map[string]float64{"calm": 0, "busy": 0, "full": 0, "over": 1}
	if got := s.counters("railgate_overload_level"); !maps.Equal(got, want) {
		t.Errorf("levels %v, want %v", got, want)
	}
	s.check("entry", s.goodCode(1))
	if n := s.count("railgate_refused_requests_total", "overloaded"); n != 1 {
		t.Errorf("%v requests counted as turned away, want 1", n)
	}
}
