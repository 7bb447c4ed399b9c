package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens/tokentest"
)

// report sends a barrier's report as the gate device.
func (s *harness) report(body string) answer {
	s.t.Helper()
	return s.send("POST", "/v1/passages", "Bearer "+gateDevice, body)
}

func (s *harness) expectReport(body, result string) {
	s.t.Helper()
	a := s.report(body)
	if want := `{"result":"` + result + `"}`; a.status != 200 || string(a.body) != want || a.header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
	}
}

func withBarrier(t *testing.T) (*harness, *passages) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	setup.gate.Passback.Confirm = true
	return start(t, setup), p
}

const turned, stuck = `{"serial":"20494-7","scope":"entry","passed":true}`, `{"serial":"20494-7","scope":"entry","passed":false}`

// A scan holds the code; the barrier's report uses it up. Other gateways are told both, as one passage.
func TestBarrierUsesUpTheCode(t *testing.T) {
	s, p := withBarrier(t)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact held false 0")
	s.expectUse(trainDevice, "scope=entry", s.goodCode(7), "already_used/passenger", "exact used false 0")
	s.turn(p, 3*time.Second)
	before := s.counters("railgate_barrier_reports_total")
	s.expectReport(turned, "passed")
	onlyGrew(t, before, s.counters("railgate_barrier_reports_total"), "passed")
	s.expectReport(turned, "unknown")
	s.turn(p, 20*time.Second)
	s.expectUse(trainDevice, "scope=entry", at(-23, 0)(s), "already_used/passenger", "exact used false 23000")
	told := p.take()
	if len(told) != 3 || told[0].State != passage.Held || told[1].State != passage.Passed {
		t.Fatalf("told %+v", told)
	}
	held := told[0]
	held.State = passage.Passed
	if told[1] != held || told[2] != held || held.At != now || held.Start != tokentest.Epoch {
		t.Errorf("the hold is %+v, its passage %+v and %+v", told[0], told[1], told[2])
	}
}

// A barrier that did not turn releases the code at once; without a report it is released after 10 s.
func TestHoldIsReleased(t *testing.T) {
	s, p := withBarrier(t)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact held false 0")
	s.expectReport(stuck, "released")
	s.expectReport(stuck, "unknown")
	if told := p.take(); len(told) != 2 || told[1].State != passage.Released || told[1].At != told[0].At {
		t.Errorf("told %+v", told)
	}
	s.expectUse(trainDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")

	s.expectUse(gateDevice, "scope=exit", s.goodCode(7), "ok", "exact held false 0")
	s.turn(p, passage.HoldFor*time.Millisecond)
	s.expectUse(trainDevice, "scope=exit", at(-10, 0)(s), "ok", "exact first false 0")
}

// A barrier that turned without a hold, such as after a restart, is a passage.
func TestBarrierThatTurnedWithoutAHoldIsAPassage(t *testing.T) {
	s, p := withBarrier(t)
	s.expectReport(stuck, "unknown")
	s.expectReport(turned, "unknown")
	if told := p.take(); len(told) != 1 || told[0].At != now || told[0].State != passage.Passed {
		t.Errorf("told %+v", told)
	}
	s.turn(p, time.Second)
	s.expectUse(trainDevice, "scope=entry", s.goodCode(7), "already_used/passenger", "exact used false 1000")
}

func TestReportsThatAreRefused(t *testing.T) {
	s, _ := withBarrier(t)
	refused := func(code, method, target, device, body string) {
		t.Helper()
		s.expectProblem(code, func() answer { return s.send(method, target, "Bearer "+device, body) })
	}
	refused("device_unknown", "POST", "/v1/passages", unknownDevice, turned)
	refused("device_unknown", "POST", "/v1/passages?x", unknownDevice, "")
	refused("method_not_allowed", "GET", "/v1/passages", gateDevice, "")
	refused("reports_not_allowed", "POST", "/v1/passages", trainDevice, turned) // its policy has no confirm
	refused("reports_not_allowed", "POST", "/v1/passages", shopDevice, turned)
	refused("query_not_empty", "POST", "/v1/passages?scope=entry", gateDevice, turned)
	refused("body_too_large", "POST", "/v1/passages", gateDevice, turned+strings.Repeat(" ", gateway.BodyBytes))
	for _, body := range []string{"", "{}", turned + "x", strings.Replace(turned, "entry", "onboard", 1), strings.Replace(turned, "entry", "in", 1),
		strings.Replace(turned, "20494-7", "020494-7", 1), strings.Replace(turned, "20494-7", "65536-7", 1), strings.Replace(turned, "20494-7", "20494-4294967296", 1),
		strings.Replace(turned, "true", "1", 1), strings.Replace(turned, "serial", "Serial", 1)} {
		refused("report_malformed", "POST", "/v1/passages", gateDevice, body)
	}
}

// FuzzReportBody expects the problem of a malformed report, or a result.
func FuzzReportBody(f *testing.F) {
	p, _ := withPassback(f, gateway.PassbackEntry{Mode: "deny", Confirm: true})
	s := newHarness(f, p)
	for _, body := range []string{turned, stuck, "{}", turned + " ", `{"passed":true,"scope":"exit","serial":"0-0"}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ctx := readRequest(t, post("/v1/passages", "", string(body)))
		s.Handle(ctx)
		_, refusal := batch.ReadReport(append([]byte(nil), body...))
		switch status, sent := ctx.Response.StatusCode(), string(ctx.Response.Body()); {
		case status == http.StatusOK && refusal.Fault == batch.NoFault && strings.HasPrefix(sent, `{"result":"`):
		case status == http.StatusBadRequest && strings.Contains(sent, "report_malformed"):
		default:
			t.Errorf("%d %s", status, sent)
		}
	})
}

// If the answer to the check was lost, the gate checks again, and its report is about the hold of the first check.
func TestBarrierReportsARepeatedCheck(t *testing.T) {
	s, p := withBarrier(t)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact held false 0")
	s.turn(p, 8*time.Second)
	s.expectUse(gateDevice, "scope=entry", at(-8, 0)(s), "ok", "exact repeated false 8000")
	s.turn(p, 4*time.Second) // 12 s after the first check
	s.expectReport(turned, "passed")
	s.expectUse(trainDevice, "scope=entry", at(-12, 0)(s), "already_used/passenger", "exact used false 12000")
}
