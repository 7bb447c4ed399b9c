package gateway_test

import (
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens/tokentest"
)

// An operator sets the action per state.
func TestPolicyDecidesPerState(t *testing.T) {
	policy, err := gateway.DefaultPolicy.With(gateway.PolicyEntry{Stale: "serve", Expired: "flag"})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, setup{Config: gateway.Config{Policies: gateway.Policies{Policy: policy}}})
	for _, c := range []struct {
		ageMS   int64
		state   string
		flagged bool
		label   string
	}{
		{0, "fresh", false, "ok serve ok fresh"},
		{60_000, "stale", false, "ok serve ok stale"},
		{900_000, "expired", true, "ok flag ok expired"},
	} {
		s.clock.Store(now + c.ageMS)
		before := s.counters("railgate_verdicts_total")
		v := s.check("entry", s.goodCode(7)).verdict(t)
		if v.Verdict != "allow" || v.Revocation.State != c.state || v.Revocation.Flagged != c.flagged {
			t.Errorf("age %d ms: %s on %+v", c.ageMS, v.Verdict, v.Revocation)
		}
		onlyGrew(t, before, s.counters("railgate_verdicts_total"), c.label)
		if status, _ := s.readiness(); status != 200 {
			t.Errorf("age %d ms: not ready although it serves", c.ageMS)
		}
	}
	s.feed.Revoke(s.clock.Load(), s.issuer.Open(8, tokentest.Epoch).Fields.Serial)
	s.clock.Add(900_000)
	if v := s.check("entry", s.goodCode(8)).verdict(t); v.Reason != "revoked" {
		t.Errorf("a revoked code on served expired data got %s", v.Reason)
	}
}

func TestDevicePolicyOverridesTheGateway(t *testing.T) {
	s := start(t, setup{device: gateway.PolicyEntry{Stale: "deny", Expired: "flag"}})
	s.clock.Add(60_000)
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "stale_revocation_data" || v.Revocation.State != "stale" {
		t.Errorf("a device that denies on stale data: %s on %s", v.Reason, v.Revocation.State)
	}
	s.clock.Add(900_000)
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" || !v.Revocation.Flagged {
		t.Errorf("a device that flags on expired data: %s", v.Reason)
	}
	if status, _ := s.readiness(); status != 503 {
		t.Error("a device's policy changed the gateway's readiness")
	}
}

// While booting there may be a snapshot. It is served only if the policy says serve or
// flag, and only until it expires; /readyz reports 503 all the while.
func TestBootingServesOnlyAValidSnapshotIfConfigured(t *testing.T) {
	feed := revocationtest.NewFeed(now, tokentest.NewIssuer(1).Key())
	snapshot, ok := feed.Replica.Snapshot("t", now)
	if !ok {
		t.Fatal("no snapshot")
	}
	for _, c := range []struct {
		booting string
		restore bool
		ageMS   int64
		reason  string
	}{
		{"deny", true, 1000, "no_revocation_data"},
		{"flag", true, 1000, "ok"},
		{"flag", true, 899_999, "ok"},
		{"flag", true, 900_000, "no_revocation_data"},
		{"serve", false, 1000, "no_revocation_data"},
	} {
		p := booting()
		if c.restore {
			if err := p.replica.Restore(snapshot, "t", now); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if p.Policy, err = gateway.DefaultPolicy.With(gateway.PolicyEntry{Booting: c.booting}); err != nil {
			t.Fatal(err)
		}
		s := start(t, p)
		s.clock.Add(c.ageMS)
		v := s.check("entry", s.goodCode(7)).verdict(t)
		if v.Reason != c.reason || v.Revocation.State != "booting" || v.Revocation.Flagged != (v.Reason == "ok") {
			t.Errorf("%+v: %s on %+v", c, v.Reason, v.Revocation)
		}
		if status, _ := s.readiness(); status != 503 {
			t.Errorf("%+v: ready while booting", c)
		}
	}
}

func TestUnknownPolicyActionsAreRefused(t *testing.T) {
	for _, e := range []gateway.PolicyEntry{{Stale: "Serve"}, {Booting: "allow"}, {Expired: "audit"}, {Suspect: " deny"}} {
		if _, err := gateway.DefaultPolicy.With(e); err == nil {
			t.Errorf("%+v is accepted", e)
		}
	}
	if p, err := gateway.DefaultPolicy.With(gateway.DefaultPolicy.Entry()); err != nil || p != gateway.DefaultPolicy {
		t.Errorf("the default policy changes by Entry and With: %v %v", p, err)
	}
	if p := gateway.DefaultPolicy; p[revocation.Fresh] != gateway.Serve {
		t.Error("fresh data is not served")
	}
}
