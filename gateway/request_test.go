package gateway_test

import (
	"bufio"
	"strings"
	"testing"
)

func TestTheScopeStandsAlone(t *testing.T) {
	s := open(t, plan{})
	code := s.goodCode(7)
	for query, problem := range map[string]string{
		"":                         "scope_missing",
		"?":                        "scope_missing",
		"?scope":                   "scope_missing",
		"?Scope=entry":             "scope_missing",
		"?x=1&scope=entry":         "scope_missing",
		"?&scope=entry":            "scope_missing",
		"?%73cope=entry":           "scope_missing",
		"?scope=":                  "scope_unknown",
		"?scope=Entry":             "scope_unknown",
		"?scope=everything":        "scope_unknown",
		"?scope=entry%20":          "scope_unknown",
		"?scope=%65ntry":           "scope_unknown",
		"?scope=entry&":            "scope_unknown",
		"?scope=entry&x=1":         "scope_unknown",
		"?scope=entry&scope=entry": "scope_unknown",
		"?scope=entry&scope=sale":  "scope_unknown",
		"?scope=entry,sale":        "scope_unknown",
		"?scope=entry;x=1":         "scope_unknown",
		"?scope=entry?":            "scope_unknown",
		"?scope=entry#x":           "bad_request", // no target has a fragment
	} {
		t.Run("query "+query, func(t *testing.T) {
			s := s.in(t)
			s.refused(problem, func() answer { a, _ := s.wire(post("/v1/check"+query, "", code)); return a })
		})
	}
	for _, scope := range []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"} {
		if v := s.check(scope, code).verdict(t); v.Reason != "ok" {
			t.Errorf("scope %s: %s", scope, v.Reason)
		}
	}
}

func TestMethods(t *testing.T) {
	s := open(t, plan{})
	for _, c := range []struct{ path, allow string }{
		{"/v1/check?scope=entry", "POST"}, {"/healthz", "GET, HEAD"}, {"/readyz", "GET, HEAD"},
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			ask := func() answer { return s.ask(method, c.path, "Bearer "+gateDevice, "") }
			if strings.Contains(c.allow, method) {
				if a := ask(); a.status != 200 {
					t.Errorf("%s %s: status %d", method, c.path, a.status)
				}
				continue
			}
			var a answer
			if method == "HEAD" { // has no body to read
				if a = ask(); a.status != 405 {
					t.Errorf("%s %s: status %d", method, c.path, a.status)
				}
			} else {
				a = s.refused("method_not_allowed", ask)
			}
			if a.header.Get("Allow") != c.allow {
				t.Errorf("%s %s: Allow is %q, want %q", method, c.path, a.header.Get("Allow"), c.allow)
			}
		}
	}
}

func TestOneSpellingOfEachPath(t *testing.T) {
	s := open(t, plan{})
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
			s := s.in(t)
			s.refused("not_found", func() answer { a, _ := s.wire(post(target, "", code)); return a })
		})
	}
}

func TestTargetsThatAreNone(t *testing.T) {
	s := open(t, plan{})
	for _, target := range []string{
		"/v1\\check?scope=entry", "/v1/check%?scope=entry", "/v1/check?scope=entry%2", "/v1/check#?scope=entry", "/v1/\xe6\xa3\x80?scope=entry",
		"*", "ftp://gate.example/v1/check?scope=entry", "http://user@gate.example/v1/check?scope=entry",
	} {
		t.Run(target, func(t *testing.T) {
			s := s.in(t)
			var in *bufio.Reader
			s.refused("bad_request", func() (a answer) { a, in = s.wire(post(target, "", "x")); return a })
			s.ends(in)
		})
	}
}

func TestAbsoluteForm(t *testing.T) {
	// What a proxy sends. The host is no part of any decision.
	s := open(t, plan{})
	a, _ := s.wire(post("http://elsewhere.example:8080/v1/check?scope=entry", "", s.goodCode(7)))
	if v := a.verdict(t); v.Reason != "ok" {
		t.Errorf("got %s", v.Reason)
	}
	s.refused("scope_missing", func() answer {
		a, _ := s.wire(post("http://elsewhere.example/v1/check", "", s.goodCode(7)))
		return a
	})
}

func TestHealth(t *testing.T) {
	s := open(t, booting()) // it lives long before it is ready
	for range 2 {
		if a := s.ask("GET", "/healthz", "", ""); a.status != 200 || string(a.body) != "ok\n" {
			t.Errorf("/healthz says %d %q", a.status, a.body)
		}
	}
	if a := s.ask("HEAD", "/healthz", "", ""); a.status != 200 || len(a.body) != 0 {
		t.Errorf("HEAD /healthz says %d %q", a.status, a.body)
	}
}
