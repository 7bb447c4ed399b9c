package gateway_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
)

func TestOversizeBodiesAreRefused(t *testing.T) {
	s := start(t, setup{})
	if v := s.check("entry", strings.Repeat("A", gateway.BodyBytes)).verdict(t); v.Reason != "malformed" {
		t.Errorf("a body of the largest size: %s", v.Reason)
	}
	tooLong := strings.Repeat("A", gateway.BodyBytes+1)
	chunked := fmt.Sprintf("POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		gateDevice, len(tooLong), tooLong)
	announced := fmt.Sprintf("POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer %s\r\nContent-Length: 1000000000\r\n\r\n", gateDevice)
	for name, raw := range map[string]string{"by length": post("/v1/check?scope=entry", "", tooLong), "chunked": chunked, "announced": announced} {
		t.Run(name, func(t *testing.T) {
			s := s.withT(t)
			var in *bufio.Reader
			s.expectProblem("body_too_large", func() (a answer) { a, in = s.sendRaw(raw); return a })
			s.expectClosed(in)
		})
	}
}

func TestOversizeHeadersAreRefused(t *testing.T) {
	s := start(t, setup{})
	for name, header := range map[string]string{
		"one long line":   "X-Filler: " + strings.Repeat("a", gateway.HeaderBytes) + "\r\n",
		"many short ones": strings.Repeat("X-Filler: a\r\n", gateway.HeaderBytes/10),
	} {
		t.Run(name, func(t *testing.T) {
			s := s.withT(t)
			var in *bufio.Reader
			s.expectProblem("headers_too_large", func() (a answer) { a, in = s.sendRaw(post("/v1/check?scope=entry", header, "x")); return a })
			s.expectClosed(in)
		})
	}
}

func TestSlowRequestTimesOut(t *testing.T) {
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(200 * time.Millisecond) }})
	whole := post("/v1/check?scope=entry", "", s.goodCode(7))
	for name, raw := range map[string]string{"in its header": whole[:40], "in its body": whole[:len(whole)-1]} {
		t.Run(name, func(t *testing.T) {
			s := s.withT(t)
			var in *bufio.Reader
			s.expectProblem("request_timeout", func() (a answer) { a, in = s.sendRaw(raw); return a })
			s.expectClosed(in)
		})
		t.Run(name+", the second", func(t *testing.T) {
			s := s.withT(t)
			conn := s.dial()
			in := bufio.NewReader(conn)
			atOnce(conn, whole)
			a, _ := s.readAnswer(in, whole)
			a.verdict(t)
			s.expectProblem("request_timeout", func() answer { atOnce(conn, raw); a, _ := s.readAnswer(in, raw); return a })
			s.expectClosed(in)
		})
	}
}

// A connection without a request is closed without an answer and is not counted.
func TestSilentConnectionIsClosedWithoutAnswer(t *testing.T) {
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(200 * time.Millisecond) }})
	before := s.counters("railgate_refused_requests_total")
	s.expectClosed(bufio.NewReader(s.dial()))
	for code, n := range s.counters("railgate_refused_requests_total") {
		if n != before[code] {
			t.Errorf("a connection without a request was counted as %s", code)
		}
	}
}

func TestConnectionsBeyondTheLimitAreRejected(t *testing.T) {
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseConnections(1) }})
	a, held := s.sendRaw(post("/v1/check?scope=entry", "", s.goodCode(7)))
	if v := a.verdict(t); v.Reason != "ok" {
		t.Fatalf("the first connection: %s", v.Reason)
	}
	in := bufio.NewReader(s.dial()) // rejected before it sends a byte
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.readResponse(response); a.status != 503 || a.header.Get("Content-Type") != "text/plain" || !response.Close {
		t.Errorf("the second connection got %d %s", a.status, a.body)
	}
	s.expectClosed(in)
	_ = held // still open: the limit is on connections, not on requests
}
