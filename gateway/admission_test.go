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

// The most expensive work is shed first: a pass in the cache is judged until no check
// is, and health is always answered.
func TestOverloadShedsTheMostExpensiveWorkFirst(t *testing.T) {
	const ok, busy = 200, 503
	for _, c := range []struct {
		level                             overload.Level
		cached, uncached, unproven, batch int
	}{
		{overload.Calm, ok, ok, ok, ok},
		{overload.Busy, ok, ok, ok, ok},
		{overload.Full, ok, busy, ok, busy},
		{overload.Over, busy, busy, busy, busy},
	} {
		t.Run(c.level.String(), func(t *testing.T) {
			s := start(t, setup{})
			cached, uncached := s.goodCode(1), s.goodCode(2)
			if a := s.check("entry", cached); a.status != ok {
				t.Fatalf("status %d", a.status)
			}
			s.Settle()
			s.PinOverload(c.level)
			for name, got := range map[string]struct {
				a    answer
				want int
			}{
				"a cached pass":              {s.check("entry", cached), c.cached},
				"an uncached pass":           {s.check("entry", uncached), c.uncached},
				"a denial without signature": {s.check("entry", at(-120, 0)(s)), c.unproven},
				"a batch":                    {s.checks("entry", scanned{cached, now}), c.batch},
				"health":                     {s.send("GET", "/healthz", "", ""), ok},
				"readiness":                  {s.send("GET", "/readyz", "", ""), ok},
			} {
				if got.a.status != got.want {
					t.Errorf("%s: status %d, want %d", name, got.a.status, got.want)
				}
				if retry := got.a.header.Get("Retry-After"); (retry == "1") != (got.want == busy) {
					t.Errorf("%s: Retry-After %q", name, retry)
				}
			}
		})
	}
}

// forgedCode returns a code whose pass has an invalid signature.
func (s *harness) forgedCode(index uint32) string {
	session := s.issuer.Open(index, now/1000)
	session.Pass[60] ^= 1
	code := session.Code(0)
	return code.Text()
}

// While the gateway is busy, denials are delayed on a connection that shows forgeries
// but not on others, and allowed codes reduce the count.
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
		t.Fatalf("%d denials were delayed among the first %d", n, gateway.Forgeries)
	}
	const more = 5
	for i := range uint32(more) {
		if took := show(forger, s.forgedCode(200+i), "bad_signature"); took < gateway.Forgeries*gateway.ForgeryWait {
			t.Errorf("forgery %d was refused after %v", i, took)
		}
	}
	show(forger, s.goodCode(3), "ok") // an allow is never delayed
	show(gate, s.forgedCode(300), "bad_signature")
	if n := s.DelayedAnswers(); n != more {
		t.Fatalf("%d denials were delayed, want %d", n, more)
	}
	for i := range uint32(more) {
		show(forger, s.goodCode(10+i), "ok")
	}
	show(forger, s.forgedCode(400), "bad_signature")
	if n := s.DelayedAnswers(); n != more {
		t.Error("a denial was delayed although good codes had offset the forgeries")
	}
	s.PinOverload(overload.Calm)
	for i := range uint32(3 * gateway.Forgeries) {
		show(forger, s.forgedCode(500+i), "bad_signature")
	}
	if n := s.DelayedAnswers(); n != more {
		t.Error("a denial was delayed while the gateway was calm")
	}
}

// The same holds for unknown credentials and for pipelined requests that are not
// checks. Sequential requests are not delayed.
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
		t.Fatalf("%d answers were delayed among the first %d", n, gateway.Forgeries)
	}
	for range more {
		caller.send("POST", "/v1/check?scope=entry", "Bearer "+unknownDevice, "x")
	}
	s.withOwnConnection().send("POST", "/v1/check?scope=entry", "Bearer "+unknownDevice, "x")
	if n := s.DelayedAnswers(); n != more {
		t.Errorf("%d answers were delayed, want %d", n, more)
	}
	// All of these except the first arrive before the previous answer.
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 1+gateway.Forgeries+more))
	for in := bufio.NewReader(conn); s.DelayedAnswers() < 2*more; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%d answers were delayed, want %d: %v", s.DelayedAnswers(), 2*more, err)
		}
		s.readResponse(response)
	}
}

// A client that never waits for answers is delayed even when the gateway is calm.
func TestEndlessPipelineIsDelayedWhenCalm(t *testing.T) {
	s := start(t, setup{})
	s.PinOverload(overload.Calm)
	conn := s.dial()
	atOnce(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n", 2*gateway.MostForgeries))
	in := bufio.NewReader(conn)
	for answered := 0; s.DelayedAnswers() == 0; answered++ {
		if answered > gateway.MostForgeries {
			t.Fatalf("none of %d answers was delayed", answered)
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.readResponse(response)
	}
}

// withOwnConnection returns the same harness with a connection of its own.
func (s *harness) withOwnConnection() *harness {
	part := *s
	part.client = &http.Client{Transport: &http.Transport{}, Timeout: maxWait}
	s.t.Cleanup(part.client.CloseIdleConnections)
	return &part
}

// The level is measured while the gateway serves, and is among its metrics.
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
		t.Errorf("%v requests counted as overloaded, want 1", n)
	}
}
