package gateway_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// withBundles returns the settings of a gateway with a key, and the handheld trainDevice.
func withBundles() (setup, bundletest.Gate) {
	g := bundletest.NewGate(7)
	p := setup{}
	p.Signer, p.Station = g, bundletest.Station
	p.Bundles.Every = time.Millisecond
	return p, g
}

// startBundles starts a gateway whose key the authority announced.
func startBundles(t testing.TB) *harness {
	t.Helper()
	p, g := withBundles()
	s := start(t, p)
	s.feed.Apply(s.clock.Load()+1, g.Announced())
	s.clock.Add(10)
	return s
}

func (s *harness) fetchBundle(query string) answer {
	return s.send("GET", "/v1/bundle"+query, "Bearer "+trainDevice, "")
}

// A handheld that fetched a bundle gives the verdicts of the gate, and follows it with deltas.
func TestBundleGivesTheVerdictsOfTheGate(t *testing.T) {
	s := startBundles(t)
	v := bundle.NewVerifier(revocationtest.Pinned(), "train-1")
	sync := func(query string) {
		t.Helper()
		a := s.fetchBundle(query)
		if a.status != 200 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		if err := v.Accept(a.body, s.deviceClock()); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(when string) {
		t.Helper()
		for _, c := range scans {
			if c.before != nil || c.setup != nil {
				continue
			}
			code := c.code(s)
			online := s.send("POST", "/v1/check?scope="+c.scope, "Bearer "+trainDevice, code).verdict(t)
			scope, _ := tokens.ParseScope([]byte(c.scope))
			offline := v.Check(&bundle.Scan{Text: []byte(code), Scope: scope, Clock: s.deviceClock()})
			if online.Reason != offline.Reason.String() {
				t.Errorf("%s, %s: %s at the gate, %s offline", when, c.reason, online.Reason, offline.Reason)
			}
		}
	}
	sync("")
	compare("full bundle")
	serial := tokens.Serial{Day: uint16(tokens.DayOf(tokentest.Epoch)), Index: 7}
	s.feed.Revoke(s.clock.Load(), serial)
	s.clock.Add(1000)
	s.feed.Apply(s.clock.Load())
	h, _ := v.Head()
	sync(fmt.Sprintf("?since=%d", h.WatermarkMS))
	if h, _ := v.Head(); h.Full() {
		t.Error("a full bundle instead of a delta")
	}
	if !v.Revoked(serial) {
		t.Error("the delta does not have the revocation")
	}
	compare("delta")
	if n := s.count("railgate_bundles_total", "delta"); n != 1 {
		t.Errorf("%v deltas counted", n)
	}
}

// deviceClock is a reading of a handheld whose clock is right.
func (s *harness) deviceClock() bundle.Clock {
	return bundle.Clock{WallMS: s.clock.Load(), SteadyMS: s.clock.Load() - now + 1000, Boot: 1}
}

func TestWhoMayFetchBundles(t *testing.T) {
	s := startBundles(t)
	for name, c := range map[string]struct {
		method, query, device string
		status                int
		code                  string
	}{
		"a gate":             {"GET", "", shopDevice, 403, "bundles_not_allowed"},
		"an unknown device":  {"GET", "", unknownDevice, 401, "device_unknown"},
		"another method":     {"POST", "", trainDevice, 405, "method_not_allowed"},
		"a parameter":        {"GET", "?scope=entry", trainDevice, 400, "bundle_parameter_unknown"},
		"since twice":        {"GET", "?since=1&since=1", trainDevice, 400, "parameter_repeated"},
		"train twice":        {"GET", "?train=G1&train=G1", trainDevice, 400, "parameter_repeated"},
		"since in words":     {"GET", "?since=now", trainDevice, 400, "since_malformed"},
		"since with a sign":  {"GET", "?since=+1", trainDevice, 400, "since_malformed"},
		"since from zero":    {"GET", "?since=01", trainDevice, 400, "since_malformed"},
		"no train":           {"GET", "?train=", trainDevice, 400, "train_malformed"},
		"newer than we have": {"GET", fmt.Sprintf("?since=%d", now+1_000_000), trainDevice, 503, "bundle_not_ready"},
	} {
		a := s.send(c.method, "/v1/bundle"+c.query, "Bearer "+c.device, "")
		if a.status != c.status || !bytes.Contains(a.body, []byte(`"code":"`+c.code+`"`)) {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
	}
	unannounced, _ := withBundles()
	if a := start(t, unannounced).fetchBundle(""); a.status != 503 {
		t.Errorf("before the key is announced: %d", a.status)
	}
	if a := start(t, setup{}).fetchBundle(""); a.status != 403 {
		t.Errorf("without a key: %d", a.status)
	}
	busy, _ := withBundles()
	busy.configure = func(g *gateway.Gateway) { g.PinOverload(overload.Full) }
	if a := start(t, busy).fetchBundle(""); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("overloaded: %d", a.status)
	}
}

func TestUnchangedBundleIsNotSentAgain(t *testing.T) {
	s := startBundles(t)
	first := s.fetchBundle("")
	request := func(tag string) answer {
		return s.sendWith("GET", "/v1/bundle", "Bearer "+trainDevice, "", map[string]string{"If-None-Match": tag})
	}
	if a := request(first.header.Get("ETag")); a.status != 304 || len(a.body) != 0 {
		t.Errorf("the same: %d, %d bytes", a.status, len(a.body))
	}
	if a := request(`"00"`); a.status != 200 {
		t.Errorf("another tag: %d", a.status)
	}
	s.feed.Revoke(s.clock.Load(), tokens.Serial{Day: uint16(tokens.DayOf(tokentest.Epoch)), Index: 9})
	s.clock.Add(1000)
	if a := request(first.header.Get("ETag")); a.status != 200 || a.header.Get("ETag") == first.header.Get("ETag") {
		t.Errorf("changed: %d", a.status)
	}
}

// Slots are released after each answer, whatever it was.
func TestBundleSlotsAreReleased(t *testing.T) {
	s := startBundles(t)
	for i := range 10 {
		for _, query := range []string{"", "?since=9", "?since=999999999999999", "?train=G1"} {
			if a := s.fetchBundle(query); bytes.Contains(a.body, []byte("bundles_at_limit")) {
				t.Fatalf("round %d, %s: %s", i, query, a.body)
			}
		}
	}
}

// expectBundles sends requests for bundles with every documented status that needs a gateway with a key.
func (d *document) expectBundles(t *testing.T) {
	s := startBundles(t)
	gate := "Bearer " + trainDevice
	first := s.fetchBundle("")
	d.expectDocumented(t, "GET", "/v1/bundle", gate, "", true, first)
	d.expectDocumented(t, "GET", "/v1/bundle", gate, "", true, s.sendWith("GET", "/v1/bundle", gate, "", map[string]string{"If-None-Match": first.header.Get("ETag")}))
	for _, c := range []struct {
		query, device string
		proper        bool
	}{
		{"?train=G101&since=1770681600123", trainDevice, true}, {"?since=x", trainDevice, false}, {"?train=g", trainDevice, false},
		{"", shopDevice, true}, {"", unknownDevice, true}, {"?since=999999999999999", trainDevice, true},
	} {
		d.expectDocumented(t, "GET", "/v1/bundle"+c.query, "Bearer "+c.device, "", c.proper, s.send("GET", "/v1/bundle"+c.query, "Bearer "+c.device, ""))
	}
}
