package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens/tokentest"
)

// booting is the setup of a gateway that has not read the stream.
func booting() setup {
	replica, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, now)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return setup{replica: replica}
}

// readiness returns the public answer of /readyz, with the causes from the admin listener.
func (s *harness) readiness() (status int, r gateway.Readiness) {
	s.t.Helper()
	a := s.send("GET", "/readyz", "", "")
	var public struct {
		Ready bool
		State string
		AgeMS int64 `json:"age_ms"`
	}
	strict := json.NewDecoder(bytes.NewReader(a.body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&public); err != nil {
		s.t.Fatalf("%v in %s", err, a.body)
	}
	if public.Ready != (a.status == 200) || (!public.Ready && a.status != 503) {
		s.t.Errorf("status %d with the body %s", a.status, a.body)
	}
	return a.status, gateway.Readiness{Ready: public.Ready, State: public.State, AgeMS: public.AgeMS, Waiting: s.causes()}
}

// causes returns the list waiting of /readyz on the admin listener.
func (s *harness) causes() []string {
	s.t.Helper()
	recorder := httptest.NewRecorder()
	s.NewAdmin(s.metrics).Handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var r gateway.Readiness
	if err := json.Unmarshal(recorder.Body.Bytes(), &r); err != nil {
		s.t.Fatalf("%v in %s", err, recorder.Body)
	}
	return r.Waiting
}

func TestFreshnessDecidesTheVerdict(t *testing.T) {
	for _, c := range []struct {
		ageMS   int64
		state   string
		verdict string
		reason  string
		ready   int
	}{
		{0, "fresh", "allow", "ok", 200},
		{4_999, "fresh", "allow", "ok", 200},
		{5_000, "stale", "allow", "ok", 200},
		{899_999, "stale", "allow", "ok", 200},
		{900_000, "expired", "deny", "stale_revocation_data", 503},
		{90_000_000, "expired", "deny", "stale_revocation_data", 503},
	} {
		s := start(t, setup{})
		s.clock.Add(c.ageMS)
		v := s.check("entry", s.goodCode(7)).verdict(t)
		if v.Verdict != c.verdict || v.Reason != c.reason || v.Revocation.State != c.state {
			t.Errorf("age %d ms: %s, %s on %s data; want %s, %s, %s", c.ageMS, v.Verdict, v.Reason, v.Revocation.State, c.verdict, c.reason, c.state)
		}
		if v.Revocation.AgeMS != c.ageMS || v.Revocation.WatermarkMS != now {
			t.Errorf("age %d ms: the verdict says %+v", c.ageMS, v.Revocation)
		}
		status, r := s.readiness()
		if status != c.ready || r.State != c.state || r.AgeMS != c.ageMS {
			t.Errorf("age %d ms: /readyz says %d %+v", c.ageMS, status, r)
		}
		if (status == 503) != slices.Contains(r.Waiting, "the revocation data is too old; policy: deny") {
			t.Errorf("age %d ms: causes %q", c.ageMS, r.Waiting)
		}
		if s.count("railgate_revocation_state", c.state) != 1 {
			t.Errorf("age %d ms: the gauge of %s is not 1", c.ageMS, c.state)
		}
	}
}

func TestHeartbeatMakesExpiredDataFresh(t *testing.T) {
	s := start(t, setup{})
	s.clock.Add(3_600_000)
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "stale_revocation_data" {
		t.Fatalf("after an hour without heartbeats: %s", v.Reason)
	}
	s.feed.Apply(s.clock.Load())
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" || v.Revocation.State != "fresh" || v.Revocation.AgeMS != 0 {
		t.Errorf("after a heartbeat: %s on %+v", v.Reason, v.Revocation)
	}
}

func TestBootingDeniesAndReportsTheCause(t *testing.T) {
	s := start(t, booting())
	v := s.check("entry", s.goodCode(7)).verdict(t)
	if v.Verdict != "deny" || v.Reason != "no_revocation_data" || v.Revocation.State != "booting" {
		t.Errorf("%s, %s on %s data", v.Verdict, v.Reason, v.Revocation.State)
	}
	if v.Revocation.AgeMS != -1 || v.Revocation.WatermarkMS != 0 {
		t.Errorf("a gateway without data reports the age %+v", v.Revocation)
	}
	status, r := s.readiness()
	if status != 503 || !slices.Equal(r.Waiting, []string{"partition 0: not connected to the log yet"}) {
		t.Errorf("/readyz says %d %+v", status, r)
	}
}

func TestSuspectDataKeepsEveryRevocation(t *testing.T) {
	s := start(t, setup{})
	s.feed.Revoke(now, s.issuer.Open(8, tokentest.Epoch).Fields.Serial)
	s.feed.Replica.Rewind(0, 100, "the log was recreated")

	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Verdict != "allow" || v.Revocation.State != "suspect" {
		t.Errorf("%s on %s data", v.Verdict, v.Revocation.State)
	}
	if v := s.check("entry", s.goodCode(8)).verdict(t); v.Reason != "revoked" {
		t.Errorf("a revoked code got %s", v.Reason)
	}
	status, r := s.readiness()
	if status != 200 || r.State != "suspect" || len(r.Waiting) != 1 || !strings.Contains(r.Waiting[0], "the log was recreated") {
		t.Errorf("/readyz says %d %+v", status, r)
	}
	s.clock.Add(900_000)
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "stale_revocation_data" {
		t.Errorf("suspect data 15 minutes old: %s", v.Reason)
	}
}

func TestStreamTroubleIsReported(t *testing.T) {
	s := start(t, setup{Config: gateway.Config{Trouble: func() string { return "no broker answers" }}})
	if status, r := s.readiness(); status != 200 || !slices.Equal(r.Waiting, []string{"no broker answers"}) {
		t.Errorf("/readyz says %d %+v", status, r)
	}
}

func TestRevocationAppliesToCachedPasses(t *testing.T) {
	s := start(t, setup{})
	code, serial := s.goodCode(7), s.issuer.Open(7, tokentest.Epoch).Fields.Serial
	s.fromCache(code)
	s.feed.Revoke(now, serial)
	if v := s.check("entry", code).verdict(t); v.Reason != "revoked" {
		t.Errorf("after its revocation the code got %s", v.Reason)
	}
	s.feed.Apply(now, revocation.Record{Kind: revocation.KindUnrevoke, At: now, Serial: serial})
	if v := s.check("entry", code).verdict(t); v.Reason != "ok" {
		t.Errorf("after it was unrevoked the code got %s", v.Reason)
	}
}

func TestKeyRetirementAppliesToCachedPasses(t *testing.T) {
	s := start(t, setup{})
	code := s.goodCode(7)
	s.fromCache(code)
	s.feed.Apply(now, revocation.Record{Kind: revocation.KindRetireKey, At: now, Key: s.issuer.ID, Cutoff: tokentest.Epoch})
	if v := s.check("entry", code).verdict(t); v.Reason != "key_retired" || v.Class != "issuer" {
		t.Errorf("after its key was retired the code got %s, %s", v.Reason, v.Class)
	}
}

// fromCache checks a code twice and expects the second verdict from the cache.
func (s *harness) fromCache(code string) {
	s.t.Helper()
	for range 2 {
		if v := s.check("entry", code).verdict(s.t); v.Reason != "ok" {
			s.t.Fatalf("a good code got %s", v.Reason)
		}
		s.Settle()
	}
	if hits := s.count("railgate_pass_cache_total", "hit"); hits != 1 {
		s.t.Fatalf("%v hits, want 1: the pass was not cached", hits)
	}
}
