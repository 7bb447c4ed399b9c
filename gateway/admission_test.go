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
func TestOverloadShedsTheMostExpensiveWorkFirst(t *testing.T) {
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
			s := start(t, setup{})
			seen, unseen := s.goodCode(1), s.goodCode(2)
			if a := s.check("entry", seen); a.status != ok {
				t.Fatalf("status %d", a.status)
			}
			s.Settle()
			s.PinOverload(c.level)
			for name, send := range map[string]struct {
				a    answer
				want int
			}{
				"a pass that was seen": {s.check("entry", seen), c.seen},
				"one that was not":     {s.check("entry", unseen), c.unseen},
				"a refusal for free":   {s.check("entry", at(-120, 0)(s)), c.dead},
				"a batch":              {s.checks("entry", scanned{seen, now}), c.batch},
				"health":               {s.send("GET", "/healthz", "", ""), ok},
				"readiness":            {s.send("GET", "/readyz", "", ""), ok},
			} {
				if send.a.status != send.want {
					t.Errorf("%s: status %d, want %d", name, send.a.status, send.want)
				}
				if retry := send.a.header.Get("Retry-After"); (retry == "1") != (send.want == busy) {
					t.Errorf("%s: Retry-After %q", name, retry)
				}
			}
		})
	}
}

// forged is a code whose pass nobody signed.
func (s *harness) forgedCode(index uint32) string {
	session := s.issuer.Open(index, now/1000)
	session.Pass[60] ^= 1
	code := session.Code(0)
	return code.Text()
}

// A connection that shows forgeries waits for its refusals while the gateway is
// busy, another one does not, and good codes make up for bad ones.
func TestForgedCodesAreDelayedWhileBusy(t *testing.T) {
	s := start(t, setup{})
	s.PinOverload(overload.Busy)
	forger, gate := s.withOwnConnection(), s.withOwnConnection()
	show := func(on *harness, code, want string) time.Duration {
		t.Helper()
		began := time.Now()
		if v := readVerdict(t, on.check("entry", code).body); v.Reason != want {
			t.Fatalf("%s, want %s", v.Reason, want)
		}
		return time.Since(began)
	}
	for i := range uint32(gateway.Forgeries) {
		show(forger, s.forgedCode(100+i), "bad_signature")
	}
	if n := s.DelayedAnswers(); n != 0 {
		t.Fatalf("%d refusals were held back among the first %d", n, gateway.Forgeries)
	}
	const more = 5
	for i := range uint32(more) {
		if took := show(forger, s.forgedCode(200+i), "bad_signature"); took < gateway.Forgeries*gateway.ForgeryWait {
			t.Errorf("forgery %d was refused after %v", i, took)
		}
	}
	show(forger, s.goodCode(3), "ok") // an admission is never held back
	show(gate, s.forgedCode(300), "bad_signature")
	if n := s.DelayedAnswers(); n != more {
		t.Fatalf("%d refusals were held back, want %d", n, more)
	}
	for i := range uint32(more) {
		show(forger, s.goodCode(10+i), "ok")
	}
	show(forger, s.forgedCode(400), "bad_signature")
	if n := s.DelayedAnswers(); n != more {
		t.Error("a connection that had made up for its forgeries was held back")
	}
	s.PinOverload(overload.Calm)
	for i := range uint32(3 * gateway.Forgeries) {
		show(forger, s.forgedCode(500+i), "bad_signature")
	}
	if n := s.DelayedAnswers(); n != more {
		t.Error("a refusal was held back while there was nothing to do")
	}
}

// So does one that shows an unknown credential, or sends what is no check without
// waiting for answers. Requests one after the other are not held back.
func TestUnknownClientsAreDelayedWhileBusy(t *testing.T) {
	s := start(t, setup{})
	s.PinOverload(overload.Busy)
	const more = 2
	caller := s.withOwnConnection()
	for range gateway.Forgeries {
		caller.send("POST", "/v1/check?scope=entry", "Bearer "+unknownDevice, "x")
		caller.send("GET", "/healthz", "", "")
	}
	if n := s.DelayedAnswers(); n != 0 {
		t.Fatalf("%d answers were held back among the first %d", n, gateway.Forgeries)
	}
	for range more {
		caller.send("POST", "/v1/check?scope=entry", "Bearer "+unknownDevice, "x")
	}
	s.withOwnConnection().send("POST", "/v1/check?scope=entry", "Bearer "+unknownDevice, "x")
	if n := s.DelayedAnswers(); n != more {
		t.Errorf("%d answers were held back, want %d", n, more)
	}
	// All but the first of these come before the answer to the one before.
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 1+gateway.Forgeries+more))
	for in := bufio.NewReader(conn); s.DelayedAnswers() < 2*more; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%d answers were held back, want %d: %v", s.DelayedAnswers(), 2*more, err)
		}
		s.readResponse(response)
	}
}

// One that never waits for answers is held back even when there is nothing to do.
func TestEndlessPipelineIsDelayedWhenCalm(t *testing.T) {
	s := start(t, setup{})
	s.PinOverload(overload.Calm)
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 2*gateway.MostForgeries))
	in := bufio.NewReader(conn)
	for answered := 0; s.DelayedAnswers() == 0; answered++ {
		if answered > gateway.MostForgeries {
			t.Fatalf("none of %d answers was held back", answered)
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.readResponse(response)
	}
}

// apart is the same station over a connection of its own.
func (s *harness) withOwnConnection() *harness {
	part := *s
	part.client = &http.Client{Transport: &http.Transport{}, Timeout: maxWait}
	s.t.Cleanup(part.client.CloseIdleConnections)
	return &part
}

// The gauge is read while the gateway serves, and is among its metrics.
func TestOverloadLevelIsMeasured(t *testing.T) {
	s := start(t, setup{})
	for deadline := time.Now().Add(maxWait); s.counters("railgate_overload_level")["calm"] != 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("an idle gateway is not calm: %v", s.counters("railgate_overload_level"))
		}
	}
	s.PinOverload(overload.Over)
	want := map[string]float64{"calm": 0, "busy": 0, "full": 0, "over": 1}
	if got := s.counters("railgate_overload_level"); !maps.Equal(got, want) {
		t.Errorf("levels %v, want %v", got, want)
	}
	s.check("entry", s.goodCode(1))
	if n := s.count("railgate_refused_requests_total", "overloaded"); n != 1 {
		t.Errorf("%v requests counted as turned away, want 1", n)
	}
}
