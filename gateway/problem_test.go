package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/railgate/railgate/gateway"
)

// problem expects a problem of the closed list, in its exact form.
func (a answer) problem(t testing.TB, code string) {
	t.Helper()
	var p struct {
		Type, Title, Code string
		Status            int
		Text              struct{ EN, ZH string }
	}
	read := json.NewDecoder(strings.NewReader(string(a.body)))
	read.DisallowUnknownFields()
	if err := read.Decode(&p); err != nil {
		t.Fatalf("want the problem %s, got status %d: %v in %s", code, a.status, err, a.body)
	}
	if a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: content type %q", code, a.header.Get("Content-Type"))
	}
	if p.Code != code || p.Type != "/problems/"+code || p.Status != a.status || a.status != gateway.Problems()[code] {
		t.Errorf("want the problem %s, got status %d and %+v", code, a.status, p)
	}
	if p.Title == "" || p.Text.EN == "" || p.Text.ZH == "" {
		t.Errorf("%s lacks a title or a text: %+v", code, p)
	}
}

// expectProblem sends a request and expects a problem, counted once, and no verdict.
func (s *harness) expectProblem(code string, send func() answer) answer {
	s.t.Helper()
	problems, verdicts := s.counters("railgate_refused_requests_total"), s.counters("railgate_verdicts_total")
	a := send()
	a.problem(s.t, code)
	onlyGrew(s.t, problems, s.counters("railgate_refused_requests_total"), code)
	for sample, n := range s.counters("railgate_verdicts_total") {
		if n != verdicts[sample] {
			s.t.Errorf("%s was counted as the verdict %q", code, sample)
		}
	}
	return a
}
