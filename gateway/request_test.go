package gateway_test

import (
	"bufio"
	"strings"
	"testing"
)

func TestQueryOfACheck(t *testing.T) {
	s := start(t, setup{})
	code := s.goodCode(7)
	for query, problem := range map[string]string{
		"":                                 "scope_missing",
		"?":                                "scope_missing",
		"?train=G101":                      "scope_missing",
		"?scope":                           "scope_unknown",
		"?scope=":                          "scope_unknown",
		"?scope=Entry":                     "scope_unknown",
		"?scope=everything":                "scope_unknown",
		"?scope=entry%20":                  "scope_unknown",
		"?scope=%65ntry":                   "scope_unknown",
		"?scope=entry,sale":                "scope_unknown",
		"?scope=entry;x=1":                 "scope_unknown",
		"?scope=entry?":                    "scope_unknown",
		"?scope==entry":                    "scope_unknown",
		"?Scope=entry":                     "parameter_unknown",
		"?x=1&scope=entry":                 "parameter_unknown",
		"?&scope=entry":                    "parameter_unknown",
		"?scope=entry&":                    "parameter_unknown",
		"?scope=entry&&train=G1":           "parameter_unknown",
		"?%73cope=entry":                   "parameter_unknown",
		"?scope=entry&x=1":                 "parameter_unknown",
		"?scope=entry&train":               "train_malformed",
		"?scope=entry&scope=entry":         "parameter_repeated",
		"?scope=entry&scope=sale":          "parameter_repeated",
		"?scope=entry&scope=":              "parameter_repeated",
		"?train=G1&scope=entry&train=G1":   "parameter_repeated",
		"?receipt=1&receipt=1&scope=entry": "parameter_repeated",
		"?scope=entry&train=":              "train_malformed",
		"?scope=entry&train=g101":          "train_malformed",
		"?scope=entry&train=G10123456":     "train_malformed",
		"?train=G%31&scope=entry":          "train_malformed",
		"?scope=entry&receipt":             "receipt_malformed",
		"?scope=entry&receipt=0":           "receipt_malformed",
		"?scope=entry&receipt=true":        "receipt_malformed",
		"?scope=entry&receipt=1":           "receipts_not_allowed",
		"?scope=entry#x":                   "bad_request", // a target has no fragment
	} {
		t.Run("query "+query, func(t *testing.T) {
			s := s.withT(t)
			s.expectProblem(problem, func() answer { a, _ := s.sendRaw(post("/v1/check"+query, "", code)); return a })
		})
	}
	for _, scope := range []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"} {
		if v := s.check(scope, code).verdict(t); v.Reason != "ok" {
			t.Errorf("scope %s: %s", scope, v.Reason)
		}
	}
	for _, query := range []string{"scope=onboard&train=G101", "train=12345678&scope=onboard"} {
		if v := s.send("POST", "/v1/check?"+query, "Bearer "+gateDevice, code).verdict(t); v.Reason != "ok" {
			t.Errorf("%s: %s", query, v.Reason)
		}
	}
}

func TestMethodsOfEachPath(t *testing.T) {
	s := start(t, setup{})
	for _, c := range []struct{ path, allow string }{
		{"/v1/check?scope=entry", "POST"}, {"/healthz", "GET, HEAD"}, {"/readyz", "GET, HEAD"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			send := func() answer { return s.send(method, c.path, "Bearer "+gateDevice, "") }
			if strings.Contains(c.allow, method) {
				if a := send(); a.status != 200 {
					t.Errorf("%s %s: status %d", method, c.path, a.status)
				}
				continue
			}
			var a answer
			if method == "HEAD" { // has no body to read
				if a = send(); a.status != 405 {
					t.Errorf("%s %s: status %d", method, c.path, a.status)
				}
			} else {
				a = s.expectProblem("method_not_allowed", send)
			}
			if a.header.Get("Allow") != c.allow {
				t.Errorf("%s %s: Allow is %q, want %q", method, c.path, a.header.Get("Allow"), c.allow)
			}
		}
	}
}

func TestEachPathHasOneSpelling(t *testing.T) {
	s := start(t, setup{})
	code := s.goodCode(7)
	for _, target := range []string{
		"/", "/v1", "/v1/", "/v1/check/?scope=entry", "/v1/Check?scope=entry", "/V1/check?scope=entry", "/v2/check?scope=entry",
		"//v1/check?scope=entry", "/v1//check?scope=entry", "/./v1/check?scope=entry", "/v1/x/../check?scope=entry",
		"/v1/%63heck?scope=entry", "/v1%2fcheck?scope=entry", "/%2e/v1/check?scope=entry", "/v1/check%3fscope=entry",
		"/v1/check;x=1?scope=entry", "/v1/check%00?scope=entry", "/v1/check.?scope=entry",
		"//gate.example/v1/check?scope=entry", "/healthz/", "//healthz", "/metrics", "/debug/pprof/", "/problems/not_found",
		"http://gate.example//v1/check?scope=entry", "http://gate.example/v1/%63heck?scope=entry", "http://gate.example?scope=entry",
	} {
		t.Run(target, func(t *testing.T) {
			s := s.withT(t)
			s.expectProblem("not_found", func() answer { a, _ := s.sendRaw(post(target, "", code)); return a })
		})
	}
}

func TestInvalidTargetsAreRefused(t *testing.T) {
	s := start(t, setup{})
	for _, target := range []string{
		"/v1\\check?scope=entry", "/v1/check%?scope=entry", "/v1/check?scope=entry%2", "/v1/check#?scope=entry", "/v1/\xe6\xa3\x80?scope=entry",
		"*", "ftp://gate.example/v1/check?scope=entry", "http://user@gate.example/v1/check?scope=entry",
	} {
		t.Run(target, func(t *testing.T) {
			s := s.withT(t)
			var in *bufio.Reader
			s.expectProblem("bad_request", func() (a answer) { a, in = s.sendRaw(post(target, "", "x")); return a })
			s.expectClosed(in)
		})
	}
}

func TestAbsoluteFormIsAccepted(t *testing.T) {
	// Proxies send the absolute form. Its host is not used.
	s := start(t, setup{})
	a, _ := s.sendRaw(post("http://elsewhere.example:8080/v1/check?scope=entry", "", s.goodCode(7)))
	if v := a.verdict(t); v.Reason != "ok" {
		t.Errorf("got %s", v.Reason)
	}
	s.expectProblem("scope_missing", func() answer {
		a, _ := s.sendRaw(post("http://elsewhere.example/v1/check", "", s.goodCode(7)))
		return a
	})
}

func TestHealthIsIndependentOfReadiness(t *testing.T) {
	s := start(t, booting()) // healthy before it is ready
	for range 2 {
		if a := s.send("GET", "/healthz", "", ""); a.status != 200 || string(a.body) != "ok\n" {
			t.Errorf("/healthz says %d %q", a.status, a.body)
		}
	}
	if a := s.send("HEAD", "/healthz", "", ""); a.status != 200 || len(a.body) != 0 {
		t.Errorf("HEAD /healthz says %d %q", a.status, a.body)
	}
}
