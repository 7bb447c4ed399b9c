package gateway_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/batch"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

func TestEveryReasonMatchesTheDocument(t *testing.T) {
	d := readDocument(t)
	for _, c := range scans {
		s := c.start(t)
		code := c.code(s)
		d.expectDocumented(t, "POST", "/v1/check?scope="+c.scope, "Bearer "+gateDevice, code, true, s.check(c.scope, code))
		list := []scanned{{code, s.clock.Load()}, {code, 0}}
		d.expectDocumented(t, "POST", "/v1/checks?scope="+c.scope, "Bearer "+gateDevice, bodyOf(list...), true, s.checks(c.scope, list...))
	}
}

// Every answer about tickets, second use and receipts is one that the document has.
func TestVerdictsBeyondTheCodeMatchTheDocument(t *testing.T) {
	d := readDocument(t)
	p, feed := withTickets(t, gateway.TicketEntry{Mode: "require"})
	second, _ := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	signed, _ := withReceipts()
	p.Passback, p.Passages, p.Signer, p.gate = second.Passback, second.Passages, signed.Signer, signed.gate
	s := start(t, p)
	s.book(feed, 7, "G101", 3600)
	s.book(feed, 8, "G102", 24*3600)
	for _, c := range []struct {
		target, device string
		index          uint32
		reason         string
	}{
		{"/v1/check?scope=entry", gateDevice, 7, "ok"}, {"/v1/check?scope=entry", trainDevice, 7, "already_used"},
		{"/v1/check?scope=entry&receipt=1", gateDevice, 7, "ok"}, {"/v1/check?receipt=1&scope=entry", gateDevice, 8, "too_early"},
		{"/v1/check?scope=onboard&train=G101", gateDevice, 8, "no_ticket"}, {"/v1/check?scope=onboard", gateDevice, 7, "ok"},
	} {
		code := s.goodCode(c.index)
		a := s.send("POST", c.target, "Bearer "+c.device, code)
		if v := a.verdict(t); v.Reason != c.reason {
			t.Errorf("%s: %s, want %s", c.target, v.Reason, c.reason)
		}
		d.expectDocumented(t, "POST", c.target, "Bearer "+c.device, code, true, a)
	}
	body := `{"scans":[{"code":"` + s.goodCode(7) + `","scanned_at_ms":1770681600000,"upload":"k-1"}]}`
	a := s.send("POST", "/v1/checks?scope=exit&receipt=1", "Bearer "+gateDevice, body)
	d.expectDocumented(t, "POST", "/v1/checks?scope=exit&receipt=1", "Bearer "+gateDevice, body, true, a)
}

func TestEveryStatusMatchesTheDocument(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	keys := &faulty{}
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseKeys(keys); g.UseReadTimeout(time.Second) }})
	keys.Keys = s.feed.Replica
	code, gate := s.goodCode(7), "Bearer "+gateDevice
	few := bodyOf(scanned{code, now})
	many := bodyOf(make([]scanned, batch.Max+1)...)

	for _, c := range []struct {
		target, authorization, body string
		proper                      bool
		status                      int
	}{
		{"/v1/check?scope=entry", gate, code, true, 200},
		{"/v1/check", gate, code, false, 400},
		{"/v1/check?scope=all", gate, code, false, 400},
		{"/v1/check?scope=entry", "", code, false, 401},
		{"/v1/check?scope=entry", "Bearer " + unknownDevice, code, true, 401},
		{"/v1/check?scope=entry", "Bearer " + shopDevice, code, true, 403},
		{"/v1/checks?scope=entry", gate, few, true, 200},
		{"/v1/checks", gate, few, false, 400},
		{"/v1/checks?scope=entry", gate, code, false, 400},
		{"/v1/checks?scope=entry", gate, `{"scans":[]}`, false, 400},
		{"/v1/checks?scope=entry", gate, `{"scans":[{"code":"RG1:"}]}`, false, 400},
		{"/v1/checks?scope=entry", gate, `{"scans":[{"code":"RG1:","scanned_at_ms":-1}]}`, false, 400},
		{"/v1/checks?scope=entry", gate, `{"scans":[{"code":"RG1:","scanned_at_ms":1000000000000000}]}`, false, 400},
		{"/v1/checks?scope=entry", gate, `{"scans":[{"code":"RG1:","scanned_at_ms":1,"lane":2}]}`, false, 400},
		{"/v1/checks?scope=entry", gate, many, false, 413},
		{"/v1/checks?scope=entry", "", few, false, 401},
		{"/v1/checks?scope=entry", "Bearer " + unknownDevice, few, true, 401},
		{"/v1/checks?scope=entry", "Bearer " + shopDevice, few, true, 403},
	} {
		a := s.send("POST", c.target, c.authorization, c.body)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d", c.target, a.status, c.status)
		}
		d.expectDocumented(t, "POST", c.target, c.authorization, c.body, c.proper, a)
	}
	p, told := withPassback(t, gateway.PassbackEntry{Mode: "deny", Confirm: true})
	p.configure = func(g *gateway.Gateway) { g.UseReadTimeout(time.Second) }
	barrier := start(t, p)
	for _, c := range []struct {
		authorization, body string
		proper              bool
		status              int
	}{
		{gate, turned, true, 200}, {gate, stuck, true, 200}, {gate, "{}", false, 400}, {"", turned, false, 401}, {"Bearer " + unknownDevice, turned, true, 401},
	} {
		a := barrier.send("POST", "/v1/passages", c.authorization, c.body)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d", c.body, a.status, c.status)
		}
		d.expectDocumented(t, "POST", "/v1/passages", c.authorization, c.body, c.proper, a)
	}
	if len(told.take()) == 0 {
		t.Error("no passage was told")
	}
	d.expectDocumented(t, "POST", "/v1/passages", gate, turned, true, s.send("POST", "/v1/passages", gate, turned)) // 403: no policy
	for _, o := range []struct {
		method, target, authorization, body string
		limit                               int
	}{
		{"POST", "/v1/passages", gate, turned, gateway.BodyBytes},
		{"GET", "/v1/bundle", gate, code, gateway.BodyBytes},
		{"POST", "/v1/check?scope=entry", gate, code, gateway.BodyBytes},
		{"POST", "/v1/checks?scope=entry", gate, few, gateway.BatchBytes},
		{"GET", "/healthz", "", code, gateway.BodyBytes},
		{"GET", "/readyz", "", code, gateway.BodyBytes},
	} {
		start := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: g\r\nAuthorization: %s\r\n", o.method, o.target, o.authorization)
		for status, raw := range map[int]string{
			400: start + "Content-Length: many\r\n\r\n",
			408: start,
			413: start + fmt.Sprintf("Content-Length: %d\r\n\r\n", o.limit+1),
			417: start + "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n",
			431: start + "X-Filler: " + strings.Repeat("a", gateway.HeaderBytes) + "\r\n\r\n",
			505: strings.Replace(start, "HTTP/1.1", "HTTP/1.2", 1) + "\r\n",
		} {
			a, in := s.sendRaw(raw)
			if a.status != status {
				t.Errorf("%s: status %d, want %d", o.target, a.status, status)
			}
			s.expectClosed(in)
			d.expectDocumented(t, o.method, o.target, o.authorization, o.body, true, a)
		}
	}
	keys.broken.Store(true)
	s.panics = 2
	d.expectDocumented(t, "POST", "/v1/check?scope=entry", gate, code, true, s.check("entry", code))
	d.expectDocumented(t, "POST", "/v1/checks?scope=entry", gate, few, true, s.checks("entry", scanned{code, now}))

	for _, path := range []string{"/healthz", "/readyz"} {
		for _, method := range []string{"GET", "HEAD"} {
			d.expectDocumented(t, method, path, "", "", true, s.send(method, path, "", ""))
		}
	}
	waiting := start(t, booting())
	for _, method := range []string{"GET", "HEAD"} {
		d.expectDocumented(t, method, "/readyz", "", "", true, waiting.send(method, "/readyz", "", ""))
	}

	full := start(t, setup{configure: func(g *gateway.Gateway) { g.UseConnections(1) }})
	full.sendRaw(post("/v1/check?scope=entry", "", code))
	away, _ := full.sendRaw("")
	d.expectDocumented(t, "POST", "/v1/check?scope=entry", gate, code, true, away)
	d.expectDocumented(t, "POST", "/v1/checks?scope=entry", gate, few, true, away)
	d.expectDocumented(t, "POST", "/v1/passages", gate, turned, true, away)
	d.expectDocumented(t, "GET", "/v1/bundle", gate, "", true, away)
	d.expectDocumented(t, "GET", "/healthz", "", "", true, away)
	d.expectDocumented(t, "GET", "/readyz", "", "", true, away)

	over := start(t, setup{configure: func(g *gateway.Gateway) { g.PinOverload(overload.Over) }})
	d.expectDocumented(t, "POST", "/v1/check?scope=entry", gate, code, true, over.check("entry", code))
	d.expectDocumented(t, "POST", "/v1/checks?scope=entry", gate, few, true, over.checks("entry", scanned{code, now}))

	d.expectBundles(t)

	for path, item := range d.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				// Only checks have a panic that a test can cause.
				if key := method + " " + path + " " + status; !d.seen[key] && (status != "500" || strings.HasPrefix(path, "/v1/check")) {
					t.Errorf("%s is documented, and no case has it", key)
				}
			}
		}
	}
}

func TestSharedResponsesMatchTheDocument(t *testing.T) {
	d := readDocument(t)
	s := start(t, setup{})
	for _, c := range []struct{ response, method, target string }{
		{"NotFound", "GET", "/nothing"}, {"MethodNotAllowed", "PUT", "/v1/check"}, {"MethodNotAllowed", "POST", "/readyz"},
	} {
		documented := d.Components.Responses[c.response].Value
		a := s.send(c.method, c.target, "", "")
		media := documented.Content.Get(a.header.Get("Content-Type"))
		if media == nil {
			t.Fatalf("%s: content type %q", c.response, a.header.Get("Content-Type"))
		}
		value, err := jsonValue(a.body)
		if err != nil {
			t.Fatal(err)
		}
		if err := media.Schema.Value.VisitJSON(value); err != nil {
			t.Errorf("%s: %v", c.response, err)
		}
		for name, header := range documented.Headers {
			if err := header.Value.Schema.Value.VisitJSON(a.header.Get(name)); err != nil {
				t.Errorf("%s: header %s: %v", c.response, name, err)
			}
		}
		example, _ := jsonValue(bytes.TrimSpace(a.body))
		if fmt.Sprint(media.Example) != fmt.Sprint(example) {
			t.Errorf("%s: the example is %v, the answer %v", c.response, media.Example, example)
		}
	}
}

func TestListsInTheDocumentMatchTheCode(t *testing.T) {
	d := readDocument(t)
	var reasons, states, denyClasses, faults []string
	classes := map[string]string{}
	for _, r := range tokens.Reasons() {
		if r == tokens.ReasonOK {
			continue
		}
		if first := classes[r.String()]; first != "" {
			classes[r.String()] = first + " or " + r.Class().String()
			continue
		}
		reasons = append(reasons, r.String())
		classes[r.String()] = r.Class().String()
	}
	for c := tokens.ClassVerifier; c <= tokens.ClassIssuer; c++ {
		if c != tokens.ClassOK {
			denyClasses = append(denyClasses, c.String())
		}
	}
	for s := revocation.Booting; s <= revocation.Suspect; s++ {
		states = append(states, s.String())
	}
	for f := batch.Syntax; f < batch.TooMany; f++ { // TooMany has a problem of its own
		faults = append(faults, f.String())
	}
	for schema, want := range map[string][]string{
		"DenyReason": reasons, "DenyClass": denyClasses, "RevocationState": states, "Scope": tokens.ScopeNames(),
		"ProblemCode": slices.Collect(maps.Keys(gateway.Problems())), "ScansProblem.fault": faults,
		"Passback.state": gateway.PassbackStates(), "Passback.result": gateway.PassbackResults(), "Ticket.state": gateway.TicketStates(),
		"BarrierResult.result": gateway.ReportResults(),
	} {
		var got []string
		name, property, nested := strings.Cut(schema, ".")
		documented := d.Components.Schemas[name].Value
		if nested {
			documented = documented.Properties[property].Value
		}
		for _, v := range documented.Enum {
			got = append(got, v.(string))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the document has %v, the code %v", schema, got, want)
		}
	}
	if got := d.Components.Schemas["DenyReason"].Value.Extensions["x-classes"]; fmt.Sprint(got) != fmt.Sprint(classes) {
		t.Errorf("classes of reasons: the document has %v, the code %v", got, classes)
	}
	if got := d.Components.Schemas["ProblemCode"].Value.Extensions["x-statuses"]; fmt.Sprint(got) != fmt.Sprint(gateway.Problems()) {
		t.Errorf("statuses of problems: the document has %v, the code %v", got, gateway.Problems())
	}
	for schema, fields := range map[string][]string{"Allow": allowFields, "Deny": denyFields} {
		documented := d.Components.Schemas[schema].Value
		required := slices.Sorted(slices.Values(documented.Required))
		all := slices.Sorted(slices.Values(slices.Concat(fields, beyond)))
		if properties := slices.Sorted(maps.Keys(documented.Properties)); !slices.Equal(properties, all) || !slices.Equal(required, fields) {
			t.Errorf("%s has the properties %v and requires %v, want %v", schema, properties, required, fields)
		}
	}
	table := d.Components.Schemas["DenyReason"].Value.Description
	for reason, class := range classes {
		if row := "| `" + reason + "` | " + class + " |"; !strings.Contains(table, row) {
			t.Errorf("the table of reasons lacks the row %s", row)
		}
	}
}

func TestEveryServedPathIsDocumented(t *testing.T) {
	d := readDocument(t)
	documented := slices.Sorted(maps.Keys(d.Paths.Map()))
	if served := routedPaths(t); !slices.Equal(served, documented) {
		t.Errorf("served paths %v, documented paths %v", served, documented)
	}
	s := start(t, setup{})
	for _, path := range documented {
		if a := s.send("OPTIONS", path, "", ""); a.status != 405 {
			t.Errorf("%s is documented and answers OPTIONS with %d", path, a.status)
		}
	}
}
