package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// usage is what a verdict says beyond the code.
type usage struct {
	Passback *struct {
		State, Result string
		Flagged       bool
		AgeMS         int64 `json:"age_ms"`
	}
	Ticket *struct {
		State, Train, Coach, Seat string
		Flagged                   bool
		DepartsAt                 int64 `json:"departs_at"`
	}
	Receipt string
}

// passages are the fakes around a table of passages: what other gateways are told, and the reach.
type passages struct {
	table *passage.Table
	reach atomic.Int32
	mu    sync.Mutex
	told  []passage.Passage
	deaf  bool // nothing can be told
}

func (p *passages) record(r *passage.Passage) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return false
	}
	p.told = append(p.told, *r)
	return true
}

func (p *passages) take() []passage.Passage {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.told
	p.told = nil
	return told
}

const station = "北京南"

// withPassback returns the setup of a gateway with a policy on second use.
func withPassback(t testing.TB, e gateway.PassbackEntry) (setup, *passages) {
	t.Helper()
	p := new(passages)
	p.reach.Store(int32(passage.Exact))
	policy, err := gateway.DefaultPassback.With(e)
	if err != nil {
		t.Fatal(err)
	}
	if p.table, err = passage.NewTable(1<<12, policy.Window); err != nil {
		t.Fatal(err)
	}
	p.table.Turn(now)
	return setup{Config: gateway.Config{Policies: gateway.Policies{Passback: policy}, Station: station,
		Passages: gateway.Passages{Table: p.table, Record: p.record, Gateway: 7, ClockError: time.Second,
			Reach: func(int64) passage.Reach { return passage.Reach(p.reach.Load()) }}}}, p
}

// scan checks a code at a device and returns the reason, its class and what the verdict says beyond the code.
func (s *harness) scan(device, query, code string) (reason, class string, u usage) {
	s.t.Helper()
	a := s.send("POST", "/v1/check?"+query, "Bearer "+device, code)
	v := a.verdict(s.t)
	if err := json.Unmarshal(a.body, &u); err != nil {
		s.t.Fatal(err)
	}
	return v.Reason, v.Class, u
}

// expectUse expects a scan's reason with its class and the passback of its verdict.
func (s *harness) expectUse(device, query, code, reason, passback string) {
	s.t.Helper()
	got, class, u := s.scan(device, query, code)
	if u.Passback == nil {
		s.t.Fatalf("%s: %s without a passback", query, got)
	}
	if got != "ok" {
		got += "/" + class
	}
	said := fmt.Sprintf("%s %s %v %d", u.Passback.State, u.Passback.Result, u.Passback.Flagged, u.Passback.AgeMS)
	if got != reason || said != passback {
		s.t.Errorf("%s: %s, passback %s; want %s, %s", query, got, said, reason, passback)
	}
}

func (s *harness) turn(p *passages, d time.Duration) {
	p.table.Turn(s.clock.Add(d.Milliseconds()))
}

// A code passes once in each direction; the same device may read it again at once.
func TestCodePassesOnce(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	s := start(t, setup)
	code := s.goodCode(7)
	before := s.counters("railgate_passback_total")
	s.expectUse(gateDevice, "scope=entry", code, "ok", "exact first false 0")
	onlyGrew(t, before, s.counters("railgate_passback_total"), "first exact")
	s.turn(p, 2*time.Second)
	s.expectUse(gateDevice, "scope=entry", code, "ok", "exact repeated false 2000")
	s.expectUse(trainDevice, "scope=entry", code, "already_used/passenger", "exact used false 2000")
	s.expectUse(trainDevice, "scope=exit", code, "ok", "exact first false 0")
	s.expectUse(gateDevice, "scope=onboard", code, "ok", "exact not_counted false 0")
	s.turn(p, 9*time.Second)
	s.expectUse(gateDevice, "scope=entry", code, "already_used/passenger", "exact used false 11000")
	// A newer code of the same credential is no second chance.
	session := s.issuer.Open(7, tokentest.Epoch)
	s.turn(p, 60*time.Second)
	next := session.Code(1)
	s.expectUse(trainDevice, "scope=entry", next.Text(), "already_used/passenger", "exact used false 71000")
	s.turn(p, passage.CodeLife*time.Millisecond)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")

	told := p.take()
	want := passage.Passage{Serial: session.Fields.Serial, Start: session.Fields.Start, Way: passage.In, State: passage.Passed, At: now,
		ErrorMS: 1000, Station: station, Device: "gate-1", Gateway: 7}
	if len(told) != 3 || told[0] != want || told[1].Way != passage.Out || told[1].Device != "train-1" || told[1].At != now+2000 {
		t.Errorf("other gateways were told %+v", told)
	}
}

// What another gateway reported counts, and the same code at another station so soon is fraud.
func TestPassageOfAnotherGatewayCounts(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	s := start(t, setup)
	session := s.issuer.Open(7, tokentest.Epoch)
	p.table.Merge(&passage.Passage{Serial: session.Fields.Serial, Start: session.Fields.Start, Way: passage.In, At: now - 500, Station: "上海虹桥", Device: "g", Gateway: 9})
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "already_used/fraud", "exact used false 500")
	reason, class, _ := s.scan(gateDevice, "scope=entry", s.goodCode(7))
	if en, _ := tokens.ReasonUsedElsewhere.Text(); reason != "already_used" || class != "fraud" || !strings.Contains(en, "another place") {
		t.Errorf("%s, %s: %s", reason, class, en)
	}
	if n := s.count("railgate_verdicts_total", "fraud", "serve", "already_used", "fresh"); n != 2 {
		t.Errorf("%v verdicts counted", n)
	}
	p.table.Merge(&passage.Passage{Serial: tokens.Serial{Day: session.Fields.Serial.Day, Index: 8}, Way: passage.In, At: now - 500, Station: station, Device: "g", Gateway: 9})
	s.expectUse(gateDevice, "scope=entry", s.goodCode(8), "already_used/passenger", "exact used false 500")
}

// Staff forgive one serial, or let everybody pass for a time.
func TestForgivingAndAmnesty(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	s := start(t, setup)
	serial := s.issuer.Open(7, tokentest.Epoch).Fields.Serial
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")
	s.turn(p, 20*time.Second)
	code := at(-20, 0)(s)
	s.expectUse(gateDevice, "scope=entry", code, "already_used/passenger", "exact used false 20000")
	s.feed.Apply(s.clock.Load(), revocation.Record{Kind: revocation.KindForgive, At: s.clock.Load(), Serial: serial})
	s.turn(p, time.Millisecond)
	s.expectUse(gateDevice, "scope=entry", code, "ok", "exact forgiven false 0")
	s.expectUse(trainDevice, "scope=entry", code, "already_used/passenger", "exact used false 0") // this one was not forgiven
	s.turn(p, time.Second)
	s.expectUse(gateDevice, "scope=exit", code, "ok", "exact first false 0")
	p.take()
	s.feed.Apply(s.clock.Load(), revocation.Record{Kind: revocation.KindAmnesty, At: s.clock.Load(), Scopes: tokens.Scopes(tokens.Exit),
		Station: revocation.StationOf(station), From: s.clock.Load() / 1000, Until: s.clock.Load()/1000 + 60})
	s.expectUse(trainDevice, "scope=exit", code, "ok", "exact amnesty false 0")
	s.turn(p, time.Second)
	s.expectUse(trainDevice, "scope=entry", at(-22, 0)(s), "already_used/passenger", "exact used false 2000")
	if told := p.take(); len(told) != 0 {
		t.Errorf("an amnesty left passages: %+v", told)
	}
}

// The mode flag admits the second use, flagged, and tells it.
func TestFlaggedSecondUse(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "flag"})
	s := start(t, setup)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")
	s.expectUse(trainDevice, "scope=entry", s.goodCode(7), "ok", "exact used true 0")
	if told := p.take(); len(told) != 2 || told[1].Device != "train-1" {
		t.Errorf("told %+v", told)
	}
}

// While less than everything is known the policy decides.
func TestReachDecidesByPolicy(t *testing.T) {
	for _, c := range []struct {
		reach          passage.Reach
		unknown, local string
		reason, said   string
	}{
		{passage.Unknown, "serve", "deny", "ok", "unknown first false 0"},
		{passage.Unknown, "flag", "deny", "ok", "unknown first true 0"},
		{passage.Unknown, "deny", "serve", "no_passage_data/verifier", "unknown not_counted false 0"},
		{passage.Local, "deny", "serve", "ok", "local first false 0"},
		{passage.Local, "deny", "flag", "ok", "local first true 0"},
		{passage.Local, "serve", "deny", "no_passage_data/verifier", "local not_counted false 0"},
		{passage.Exact, "deny", "deny", "ok", "exact first false 0"},
	} {
		setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny", Unknown: c.unknown, Local: c.local})
		p.reach.Store(int32(c.reach))
		s := start(t, setup)
		s.expectUse(gateDevice, "scope=entry", s.goodCode(7), c.reason, c.said)
		if c.reason != "ok" {
			// The refused attempt left nothing.
			p.reach.Store(int32(passage.Exact))
			s.expectUse(trainDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")
		}
	}
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	p.deaf = true
	s := start(t, setup)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "local first false 0")
}

// A full table is reported, until a passage that it lost does not matter any more.
func TestFullTableIsReported(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny", Unknown: "flag"})
	s := start(t, setup)
	for i := range uint32(1 << 15) {
		p.table.Merge(&passage.Passage{Serial: tokens.Serial{Day: 1, Index: i}, At: now})
	}
	_, _, u := s.scan(gateDevice, "scope=entry", s.goodCode(7))
	if u.Passback.State != "full" || !u.Passback.Flagged {
		t.Errorf("%+v", *u.Passback)
	}
	if s.count("railgate_passages_lost_total") == 0 {
		t.Error("no loss was counted")
	}
	s.turn(p, 2*passage.CodeLife*time.Millisecond+time.Minute)
	s.turn(p, 2*passage.CodeLife*time.Millisecond+time.Minute)
	s.expectUse(gateDevice, "scope=entry", s.goodCode(7), "ok", "exact first false 0")
}

// A code that the checks refuse is not used up, and its verdict has no passback.
func TestRefusedCodesAreNotUsedUp(t *testing.T) {
	for _, c := range scans {
		if c.reason == "ok" {
			continue
		}
		setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
		if c.setup != nil {
			setup.replica = c.setup().replica
		}
		s := start(t, setup)
		if c.before != nil {
			c.before(s)
		}
		reason, _, u := s.scan(gateDevice, "scope="+c.scope, c.code(s))
		if reason != c.reason || u.Passback != nil || u.Ticket != nil || len(p.take()) > 0 {
			t.Errorf("%s: %s, %+v", c.reason, reason, u)
		}
	}
}

// Of many connections that show one code at once exactly one passes.
func TestOnlyOneOfManyConnectionsPasses(t *testing.T) {
	setup, p := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	setup.devices = 100
	s := start(t, setup)
	for round := range uint32(5) {
		code := s.goodCode(round)
		results := make(chan string, 100)
		ready := make(chan struct{})
		for i := range 100 {
			conn := s.dial()
			go func() {
				<-ready
				_, err := io.WriteString(conn, "POST /v1/check?scope=entry HTTP/1.1\r\nHost: g\r\nConnection: close\r\nAuthorization: Bearer "+
					manyDevices(i)+"\r\nContent-Length: 192\r\n\r\n"+code)
				answer, readErr := io.ReadAll(conn)
				results <- fmt.Sprint(string(answer), err, readErr)
			}()
		}
		close(ready)
		passed := 0
		for range 100 {
			answer := <-results
			if strings.Contains(answer, `"verdict":"allow"`) {
				passed++
			} else if !strings.Contains(answer, `"reason":"already_used"`) {
				t.Fatal(answer)
			}
		}
		if told := p.take(); passed != 1 || len(told) != 1 {
			t.Errorf("round %d: %d of 100 passed, %d were told", round, passed, len(told))
		}
	}
}

// With the policies off, and with all that they need connected, the bytes of a verdict are those of a gateway that
// knows nothing of them.
func TestPoliciesOffChangeNoByte(t *testing.T) {
	for _, c := range scans {
		connected, _ := withPassback(t, gateway.PassbackEntry{Mode: "off"})
		plain := setup{}
		if c.setup != nil {
			connected.replica, plain.replica = c.setup().replica, c.setup().replica
		}
		var bodies [2]string
		for i, p := range []setup{connected, plain} {
			s := start(t, p)
			if c.before != nil {
				c.before(s)
			}
			bodies[i] = string(s.check(c.scope, c.code(s)).body)
		}
		if bodies[0] != bodies[1] || strings.Contains(bodies[0], "passback") {
			t.Errorf("%s:\n%s\n%s", c.reason, bodies[0], bodies[1])
		}
	}
}
