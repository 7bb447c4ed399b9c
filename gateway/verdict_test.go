package gateway_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// verdict is the answer to a check as an integrator parses it.
type verdict struct {
	Verdict     string
	Reason      string
	Class       string
	Text        struct{ EN, ZH string }
	Subject     string
	Serial      string
	Scopes      []string
	SecondsLeft int64 `json:"seconds_left"`
	Revocation  struct {
		State       string
		Flagged     bool
		AgeMS       int64 `json:"age_ms"`
		WatermarkMS int64 `json:"watermark_ms"`
	}

	fields []string // names of the JSON fields, sorted
}

var (
	allowFields = []string{"class", "reason", "revocation", "scopes", "seconds_left", "serial", "subject", "verdict"}
	beyond      = []string{"passback", "receipt", "ticket"} // not in every verdict
	denyFields  = []string{"class", "reason", "revocation", "text", "verdict"}
)

// verdict expects a verdict in its exact form.
func (a answer) verdict(t testing.TB) verdict {
	t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("want a verdict, got %d %s: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	return readVerdict(t, a.body)
}

func readVerdict(t testing.TB, body []byte) verdict {
	t.Helper()
	var v verdict
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range beyond {
		delete(fields, name)
	}
	v.fields = slices.Sorted(maps.Keys(fields))
	want := denyFields
	if v.Verdict == "allow" {
		want = allowFields
	}
	if !slices.Equal(v.fields, want) {
		t.Errorf("a verdict %q has the fields %v, want %v", v.Verdict, v.fields, want)
	}
	if (v.Verdict == "allow") != (v.Reason == "ok") || (v.Verdict == "allow") != (v.Class == "ok") {
		t.Errorf("verdict %q, reason %q and class %q contradict each other", v.Verdict, v.Reason, v.Class)
	}
	return v
}

func TestGoodCodeIsAllowed(t *testing.T) {
	s := start(t, setup{})
	s.clock.Add(89_000) // the second minute of a session
	session := s.issuer.Open(17, tokentest.Epoch)
	code := session.Code(1)
	v := s.check("entry", code.Text()).verdict(t)

	if v.Verdict != "allow" || v.Reason != "ok" || v.Class != "ok" {
		t.Fatalf("a good code got %+v", v)
	}
	if v.Subject != session.Fields.Subject.String() || v.Serial != session.Fields.Serial.String() {
		t.Errorf("subject %q and serial %q, want %s and %s", v.Subject, v.Serial, session.Fields.Subject, session.Fields.Serial)
	}
	if !slices.Equal(v.Scopes, tokens.ScopeNames()) {
		t.Errorf("scopes %v", v.Scopes)
	}
	if v.SecondsLeft != 30*60-89 {
		t.Errorf("%d seconds left, want %d", v.SecondsLeft, 30*60-89)
	}
	if r := v.Revocation; r.State != "stale" || r.AgeMS != 89_000 || r.WatermarkMS != now {
		t.Errorf("revocation %+v", r)
	}
}

func TestEveryReason(t *testing.T) {
	for _, c := range scans {
		t.Run(c.reason, func(t *testing.T) {
			s := c.start(t)
			before := s.counters("railgate_verdicts_total")
			v := s.check(c.scope, c.code(s)).verdict(t)
			if v.Reason != c.reason || v.Class != c.class || v.Revocation.State != c.state {
				t.Errorf("got %s, class %s, on %s data; want %s, %s, %s", v.Reason, v.Class, v.Revocation.State, c.reason, c.class, c.state)
			}
			if want := map[bool]string{true: "allow", false: "deny"}[c.reason == "ok"]; v.Verdict != want {
				t.Errorf("verdict %q, want %q", v.Verdict, want)
			}
			if c.reason != "ok" && (v.Text.EN == "" || v.Text.ZH == "") {
				t.Errorf("the denial has no text: %+v", v.Text)
			}
			policy := map[string]string{"fresh": "serve", "stale": "flag", "suspect": "flag", "booting": "deny", "expired": "deny"}[c.state]
			if v.Revocation.Flagged != (policy == "flag") {
				t.Errorf("flagged %v on %s data", v.Revocation.Flagged, c.state)
			}
			// labels in the order of their names: class, policy, reason, revocation
			onlyGrew(t, before, s.counters("railgate_verdicts_total"), c.class+" "+policy+" "+c.reason+" "+c.state)
		})
	}
}

func TestScansCoverEveryReason(t *testing.T) {
	// internal_error: see scans; only batches have scan times
	provoked := map[string]bool{"internal_error": true, "scan_time_refused": true}
	for _, c := range scans {
		provoked[c.reason] = true
	}
	for _, r := range tokens.Reasons() {
		if !provoked[r.String()] && r < tokens.ReasonUsed { // second use and tickets are settings, with tests of their own
			t.Errorf("no scan has the reason %s", r)
		}
	}
}

func TestVerdictTextIsTheReasonText(t *testing.T) {
	s := start(t, setup{})
	v := s.check("entry", "nonsense").verdict(t)
	if en, zh := tokens.ReasonMalformed.Text(); v.Text.EN != en || v.Text.ZH != zh {
		t.Errorf("text %+v", v.Text)
	}
}

func TestMalformedCodeIsReportedWhileBooting(t *testing.T) {
	// Passengers learn to open the right app even while the gate is booting.
	s := start(t, booting())
	if v := s.check("entry", "nonsense").verdict(t); v.Reason != "malformed" || v.Revocation.State != "booting" {
		t.Errorf("%s on %s data", v.Reason, v.Revocation.State)
	}
}

func TestAnswersOnOneConnectionAreIndependent(t *testing.T) {
	// No answer may contain data of another: buffers are reused.
	s := start(t, setup{})
	for i := range uint32(50) {
		session := s.issuer.Open(i, tokentest.Epoch)
		code := session.Code(0)
		v := s.check("exit", code.Text()).verdict(t)
		if v.Reason != "ok" || v.Serial != session.Fields.Serial.String() || v.Subject != session.Fields.Subject.String() {
			t.Fatalf("passenger %d got the answer %+v", i, v)
		}
		if v := s.check("exit", strings.Repeat("x", int(i))).verdict(t); v.Reason != "malformed" {
			t.Fatalf("the malformed code after passenger %d got %s", i, v.Reason)
		}
	}
}
