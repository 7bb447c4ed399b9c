package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/batch"
)

// An unknown client gets device_unknown, and its large body is not read.
func TestOnlyDevicesSendBatches(t *testing.T) {
	s := start(t, setup{})
	one := bodyOf(s.scanAt(7, now))
	s.expectProblem("device_unknown", func() answer { return s.send("POST", "/v1/checks?scope=entry", "", one) })
	s.expectProblem("device_unknown", func() answer { return s.send("POST", "/v1/checks?scope=entry", "Bearer "+unknownDevice, one) })
	s.expectProblem("scope_not_allowed", func() answer { return s.send("POST", "/v1/checks?scope=entry", "Bearer "+shopDevice, one) })
	s.expectProblem("scope_missing", func() answer { return s.send("POST", "/v1/checks", "Bearer "+gateDevice, one) })
	s.expectProblem("scope_unknown", func() answer { return s.send("POST", "/v1/checks?scope=all", "Bearer "+gateDevice, one) })
	s.expectProblem("batches_not_allowed", func() answer { return s.send("POST", "/v1/checks?scope=sale", "Bearer "+shopDevice, one) })
	announced := "POST /v1/checks?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
	s.expectProblem("device_unknown", func() answer {
		a, in := s.sendRaw(fmt.Sprintf(announced, unknownDevice, gateway.BodyBytes+1))
		s.expectClosed(in)
		return a
	})
	s.expectProblem("batches_not_allowed", func() answer {
		a, in := s.sendRaw(fmt.Sprintf(announced, shopDevice, gateway.BodyBytes+1))
		s.expectClosed(in)
		return a
	})
}

func TestBatchRequiresPost(t *testing.T) {
	s := start(t, setup{})
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS"} {
		a := s.expectProblem("method_not_allowed", func() answer { return s.send(method, "/v1/checks?scope=entry", "Bearer "+gateDevice, "") })
		if a.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q", method, a.header.Get("Allow"))
		}
	}
}

// Each fault is reported with its position and without quoting the body.
func TestMalformedBatchReportsFaultAndPosition(t *testing.T) {
	s := start(t, setup{})
	one := bodyOf(s.scanAt(7, now))
	half := strings.TrimSuffix(one, "]}")
	for _, c := range []struct {
		body, fault  string
		scan, offset int
	}{
		{"", "syntax", 0, 0},
		{s.goodCode(7), "syntax", 0, 0},
		{`{"scans":[]}`, "no_scans", 0, 10},
		{`{}`, "name_missing", 0, 1},
		{half + `,{"code":"RG1:"}]}`, "name_missing", 1, len(half) + 15},
		{half + `,{"code":"RG1:","scanned_at":1}]}`, "unknown_name", 1, len(half) + 16},
		{half + `,{"code":"RG1:","code":"RG1:"}]}`, "name_twice", 1, len(half) + 16},
		{half + `,{"code":"RG1:","scanned_at_ms":1.5e3}]}`, "number", 1, len(half) + 32},
		{one + one, "syntax", 1, len(one)},
	} {
		a := s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, c.body)
		var p struct {
			Code, Fault  string
			Scan, Offset int
			Status       int
		}
		if err := json.Unmarshal(a.body, &p); err != nil {
			t.Fatalf("%v in %s", err, a.body)
		}
		if a.status != 400 || p.Status != 400 || p.Code != "scans_malformed" || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d, %+v", c.fault, a.status, p)
		}
		if p.Fault != c.fault || p.Scan != c.scan || p.Offset != c.offset {
			t.Errorf("got %s at scan %d, offset %d; want %s at scan %d, offset %d", p.Fault, p.Scan, p.Offset, c.fault, c.scan, c.offset)
		}
	}
	if _, read := s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, one).verdicts(t); read[0].Reason != "ok" {
		t.Errorf("a good batch after the malformed ones got %s", read[0].Reason)
	}
}

func FuzzChecksBody(f *testing.F) {
	s := newHarness(f, setup{})
	one := bodyOf(s.scanAt(7, now))
	for _, body := range []string{one, one + one, one[:len(one)-1], `{"scans":[]}`, bodyOf(make([]scanned, 3)...), "RG1:"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ctx := readRequest(t, post("/v1/checks?scope=entry", "", string(body)))
		s.Handle(ctx)
		a := answer{status: ctx.Response.StatusCode(), header: http.Header{"Content-Type": {string(ctx.Response.Header.ContentType())}}, body: ctx.Response.Body()}
		switch a.status {
		case 200:
			list, refusal := batch.Read(body, nil)
			if sent, _ := a.verdicts(t); refusal.Fault != batch.NoFault || len(sent) != len(list) {
				t.Errorf("%d verdicts on %d scans, %s", len(sent), len(list), refusal.Fault)
			}
		case 400, 413:
			if _, err := jsonValue(a.body); err != nil || strings.Contains(string(a.body), "verdict") {
				t.Errorf("%v in %s", err, a.body)
			}
		default:
			t.Errorf("status %d", a.status)
		}
	})
}

func TestPanicInABatchDeniesTheBatch(t *testing.T) {
	keys := &faulty{}
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseKeys(keys) }})
	s.panics = 1
	keys.Keys = s.feed.Replica
	scan := s.scanAt(7, now)
	keys.quote = scan.Code
	keys.broken.Store(true)
	s.expectProblem("internal_error", func() answer { return s.checks("entry", scanned{"nonsense", now}, scan) })
	keys.broken.Store(false)
	if _, read := s.checks("entry", scan).verdicts(t); read[0].Reason != "ok" {
		t.Errorf("after the panic a good code got %s", read[0].Reason)
	}
}
