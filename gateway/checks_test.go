package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// scanned is a code as a handheld stored it.
type scanned struct {
	Code string `json:"code"`
	AtMS int64  `json:"scanned_at_ms"`
}

// bodyOf returns a batch as a handheld sends it.
func bodyOf(list ...scanned) string {
	body, err := json.Marshal(map[string][]scanned{"scans": list})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(body)
}

// scanAt returns a code that is valid at a time, Unix ms, scanned at that time.
func (s *harness) scanAt(index uint32, at int64) scanned {
	session := s.issuer.Open(index, at/1000)
	code := session.Code(0)
	return scanned{code.Text(), at}
}

// checks sends a batch as the gate device.
func (s *harness) checks(scope string, list ...scanned) answer {
	s.t.Helper()
	for _, c := range list {
		s.addSecrets("", c.Code)
	}
	return s.send("POST", "/v1/checks?scope="+scope, "Bearer "+gateDevice, bodyOf(list...))
}

// verdicts expects a list of verdicts and returns each as text and parsed.
func (a answer) verdicts(t testing.TB) (sent []string, read []verdict) {
	t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("want verdicts, got %d %s: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	var list struct{ Verdicts []json.RawMessage }
	d := json.NewDecoder(strings.NewReader(string(a.body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil || d.More() {
		t.Fatalf("%v in %s", err, a.body)
	}
	for _, v := range list.Verdicts {
		sent, read = append(sent, string(v)), append(read, readVerdict(t, v))
	}
	return sent, read
}

func reasonsOf(list []verdict) (reasons []string) {
	for _, v := range list {
		reasons = append(reasons, v.Reason)
	}
	return reasons
}

// The verdict on a scan made now equals that of a check, byte for byte.
func TestBatchVerdictEqualsCheckVerdict(t *testing.T) {
	for _, c := range scans {
		t.Run(c.reason, func(t *testing.T) {
			s := c.start(t)
			code := c.code(s)
			want := string(s.check(c.scope, code).body)
			before := s.counters("railgate_verdicts_total")
			late := s.count("railgate_batch_scans_total")
			scan := scanned{code, s.clock.Load()}
			got, read := s.checks(c.scope, scan, scan, scan).verdicts(t)
			if !slices.Equal(got, []string{want, want, want}) {
				t.Errorf("checked alone:\n%s\nthree times in a batch:\n%s", want, strings.Join(got, "\n"))
			}
			grown := 0.0
			for sample, n := range s.counters("railgate_verdicts_total") {
				if strings.Contains(sample, " "+read[0].Reason+" ") {
					grown += n - before[sample]
				}
			}
			if grown != 3 || s.count("railgate_batch_scans_total")-late != 3 {
				t.Errorf("%v verdicts were counted for three scans", grown)
			}
		})
	}
}

// Good and forged codes, repeated, cached and uncached, in one batch: each scan gets its
// own verdict, in order.
func TestMixedBatchKeepsOrder(t *testing.T) {
	s := start(t, setup{})
	var kinds []string
	for _, c := range scans {
		if c.setup == nil && c.before == nil && c.scope == "entry" {
			kinds = append(kinds, c.code(s))
		}
	}
	for i := range uint32(40) {
		kinds = append(kinds, s.goodCode(1000+i))
	}
	for range 4 {
		var list []scanned
		for i := range batch.Max {
			list = append(list, scanned{kinds[i*7%len(kinds)], s.clock.Load()})
		}
		got, _ := s.checks("entry", list...).verdicts(t)
		if len(got) != len(list) {
			t.Fatalf("%d verdicts on %d scans", len(got), len(list))
		}
		for i, c := range list {
			if want := string(s.check("entry", c.Code).body); got[i] != want {
				t.Fatalf("scan %d of the batch: %s\nalone: %s", i, got[i], want)
			}
		}
		slices.Reverse(kinds)
	}
}

func TestBatchSizeLimits(t *testing.T) {
	s := start(t, setup{})
	var list []scanned
	for i := range uint32(batch.Max) {
		list = append(list, s.scanAt(i, now))
	}
	_, read := s.checks("entry", list...).verdicts(t)
	for i, v := range read {
		if v.Reason != "ok" || v.Serial != fmt.Sprintf("%d-%d", tokens.DayOf(tokentest.Epoch), i) {
			t.Fatalf("scan %d: %s for %s", i, v.Reason, v.Serial)
		}
	}
	s.expectProblem("too_many_scans", func() answer { return s.checks("entry", append(list, list[0])...) })

	// With much white space the largest batch still fits; one more byte does not.
	body := bodyOf(list...)
	body += strings.Repeat(" ", gateway.BatchBytes-len(body))
	send := func(body string) answer { return s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, body) }
	if _, read := send(body).verdicts(t); len(read) != batch.Max {
		t.Errorf("%d verdicts", len(read))
	}
	s.expectProblem("body_too_large", func() answer {
		a, _ := s.sendRaw(fmt.Sprintf("POST /v1/checks?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", gateDevice, gateway.BatchBytes+1))
		return a
	})
	// The limits of the other routes are unchanged.
	s.expectProblem("body_too_large", func() answer {
		a, _ := s.sendRaw(post("/v1/check?scope=entry", "", body[:gateway.BodyBytes+1]))
		return a
	})
}

// Checks and batches alternate on one connection, and no answer contains data of
// another: heads are remembered, and memory is reused.
func TestChecksAndBatchesShareAConnection(t *testing.T) {
	s := start(t, setup{})
	for i := range uint32(20) {
		var list []scanned
		for n := range 1 + i*i%150 {
			list = append(list, s.scanAt(1000*i+n, now))
		}
		list = append(list, scanned{"https://example.com/" + fmt.Sprint(i), now})
		_, read := s.checks("exit", list...).verdicts(t)
		for n, v := range read[:len(read)-1] {
			if v.Reason != "ok" || v.Serial != fmt.Sprintf("%d-%d", tokens.DayOf(tokentest.Epoch), 1000*int(i)+n) {
				t.Fatalf("batch %d, scan %d: %s for %s", i, n, v.Reason, v.Serial)
			}
		}
		if v := read[len(read)-1]; v.Reason != "malformed" {
			t.Fatalf("batch %d: %s for a malformed code", i, v.Reason)
		}
		if v := s.check("exit", s.goodCode(i)).verdict(t); v.Serial != fmt.Sprintf("%d-%d", tokens.DayOf(tokentest.Epoch), i) {
			t.Fatalf("check %d: %s for %s", i, v.Reason, v.Serial)
		}
	}
}

// A handheld may keep its connection for hours; the buffer of its batch is released.
func TestLargeBatchBodyIsReleased(t *testing.T) {
	s := newHarness(t, setup{})
	var list []scanned
	for i := range uint32(batch.Max) {
		list = append(list, s.scanAt(i, now))
	}
	ctx := readRequest(t, post("/v1/checks?scope=entry", "", bodyOf(list...)))
	if s.Handle(ctx); ctx.Response.StatusCode() != 200 || !ctx.Response.IsBodyStream() {
		t.Errorf("status %d, and the answer is copied: %v", ctx.Response.StatusCode(), !ctx.Response.IsBodyStream())
	}
	if n := len(ctx.Request.Body()); n != 0 {
		t.Errorf("%d bytes of the body are kept", n)
	}
}

func TestConcurrentHandhelds(t *testing.T) {
	s := start(t, setup{})
	var all sync.WaitGroup
	for handheld := range uint32(8) {
		all.Go(func() {
			for i := range uint32(10) {
				var list []scanned
				for n := range 1 + (handheld*31+i*17)%60 {
					list = append(list, s.scanAt(handheld<<16|i<<8|n, now))
				}
				_, read := s.checks("entry", list...).verdicts(t)
				for n, v := range read {
					if want := fmt.Sprintf("%d-%d", tokens.DayOf(tokentest.Epoch), handheld<<16|i<<8|uint32(n)); v.Serial != want {
						t.Errorf("%s for %s, %s", v.Reason, v.Serial, want)
					}
				}
			}
		})
	}
	all.Wait()
}
