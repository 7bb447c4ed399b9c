package gateway_test

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

// The server's own messages about malformed requests quote them. No quote may reach the
// log or the answer.
func TestMalformedRequestsAreNotQuoted(t *testing.T) {
	for name, raw := range map[string]func(code string) string{
		"credential with a NUL": func(code string) string {
			return "POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " + gateDevice + "\x00\r\n\r\n"
		},
		"credential as a name": func(code string) string {
			return "POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\n" + gateDevice + " : x\r\n\r\n"
		},
		"credential as a host": func(code string) string {
			return "POST /v1/check?scope=entry HTTP/1.1\r\nHost: " + gateDevice + " " + gateDevice + "\r\n\r\n"
		},
		"code as a target":  func(code string) string { return "POST " + code + "\x01 HTTP/1.1\r\nHost: g\r\n\r\n" },
		"code as a length":  func(code string) string { return "POST / HTTP/1.1\r\nHost: g\r\nContent-Length: " + code + "\r\n\r\n" },
		"code as a request": func(code string) string { return code + "\r\n\r\n" },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, setup{})
			code := s.goodCode(7)
			s.addSecrets("", code)
			a, in := s.sendRaw(raw(code))
			a.problem(t, "bad_request")
			s.expectClosed(in)
			// The message comes after the answer. The harness searches the log for secrets
			// when it stops.
			runtest.Eventually(t, maxWait, "the server's message", func() bool { return strings.Contains(s.log.String(), "http server") })
		})
	}
}

func TestNoAnswerQuotesASecret(t *testing.T) {
	// Other tests send each scan to a harness that searches its log, metrics and answers
	// for secrets; here one gateway gets all of them.
	s := start(t, setup{})
	for _, c := range scans {
		if c.setup != nil || c.before != nil {
			continue
		}
		s.check(c.scope, c.code(s)).verdict(t)
		s.send("POST", "/v1/check?scope="+c.scope, "Bearer "+unknownDevice, c.code(s)).problem(t, "device_unknown")
		s.send("POST", "/nothing", "Bearer "+gateDevice, c.code(s)).problem(t, "not_found")
		s.send("PUT", "/v1/check", "Bearer "+gateDevice, c.code(s)).problem(t, "method_not_allowed")
	}
}
