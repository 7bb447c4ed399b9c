package main

import (
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"
)

var revokeLine = regexp.MustCompile(`curl -s -H 'Authorization: Bearer (\S+)' -H 'Content-Type: application/json' -d '\{"reason":"lost_phone"\}' (\S+/revoke)`)

// The line that the demo itself prints revoked the credential on show, and the
// demo ended with the next code: "answered 409, want 201".
func TestThePrintedRevokeLineDoesNotEndTheDemo(t *testing.T) {
	h, err := open(anywhere, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.fresh(); err != nil {
		t.Fatal(err)
	}
	s := &show{phone: phone{house: h}, passenger: firstPassenger}
	var out strings.Builder
	p := &page{out: &out}
	for range 4 { // more often than one person may apply in a month
		out.Reset()
		code, news, err := s.next()
		if err != nil {
			t.Fatalf("%v; news %q", err, news)
		}
		p.print(s, code, news)
		if v, _, err := h.scan(code.Text, h.entryGate, "entry"); err != nil || v.Verdict != "allow" {
			t.Fatalf("the code on show: %+v, %v", v, err)
		}
		line := revokeLine.FindStringSubmatch(out.String())
		if line == nil {
			t.Fatalf("no line to paste that revokes:\n%s", out.String())
		}
		if s.passenger > firstPassenger && !strings.Contains(news, "another passenger has applied") {
			t.Errorf("news of the new application: %q", news)
		}
		if status, _, err := call("POST", line[2], line[1], map[string]any{"reason": "lost_phone"}, nil); err != nil || status != 202 {
			t.Fatalf("revoke: %d, %v", status, err)
		}
	}
	if s.passenger != firstPassenger+3 {
		t.Errorf("%d passengers applied, want 4", s.passenger-firstPassenger+1)
	}
}
