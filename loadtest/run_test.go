package loadtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/loadtest/fake"
	"github.com/railgate/railgate/test/harness/passenger"
)

// shortConfig returns a short load test of a fake system.
func shortConfig(t *testing.T, b fake.Behavior) (loadtest.Config, *fake.Servers) {
	t.Helper()
	w := fake.Start(b)
	t.Cleanup(w.Close)
	c := loadtest.DefaultConfig()
	c.Target, c.Rate, c.Warmup, c.Duration, c.Connections, c.Revoked = w.Target(), 300, 200*time.Millisecond, 1200*time.Millisecond, 8, 10
	c.Limits = fake.NoLimits
	return c, w
}

func mustRun(t *testing.T, c loadtest.Config) *loadtest.Result {
	t.Helper()
	r, err := loadtest.Run(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reportOf(t *testing.T, r *loadtest.Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCorrectGatewayIsClean(t *testing.T) {
	c, w := shortConfig(t, fake.Behavior{})
	r := mustRun(t, c)
	if !r.Clean() {
		t.Fatalf("a correct gateway is not clean:\n%s", reportOf(t, r))
	}
	expected, _ := loadtest.NewSchedule(c.Mix, c.Rate, c.Warmup+c.Duration, c.Uniform, c.Seed).Count()
	if r.Warm+r.Checks != int64(expected) || r.Warm == 0 {
		t.Errorf("%d + %d checks, %d arrivals", r.Warm, r.Checks, expected)
	}
	if w.Revocations() != 10 || r.Revocation.Count != 10 || r.Revocation.Max <= 0 {
		t.Errorf("%d credentials were revoked, %d latencies measured", w.Revocations(), r.Revocation.Count)
	}
	answered := map[string]int64{}
	for _, v := range r.Verdicts {
		answered[v.Kind+" "+v.Reason] = v.Count
	}
	for _, pair := range []string{"fresh ok", "rescan ok", "stale code_stale", "tampered bad_signature", "tampered link_mismatch", "revoked revoked"} {
		if answered[pair] == 0 {
			t.Errorf("no answer %q among %v", pair, answered)
		}
	}
	if len(answered) != 6 {
		t.Errorf("other answers among %v", answered)
	}
	last := lastLine(reportOf(t, r))
	if !strings.HasPrefix(last, "loadtest: ") || !strings.Contains(last, " 0 wrong verdicts, 0 errors, p50 ") || !strings.Contains(last, " p99.9 ") {
		t.Errorf("last line: %s", last)
	}
}

func TestWrongVerdictsAreFoundAndReported(t *testing.T) {
	c, w := shortConfig(t, fake.Behavior{LieEvery: 100})
	c.Rate = 1500
	r := mustRun(t, c)
	lies := (r.Warm + r.Checks + 1) / 100 // the probe was one more check
	if r.Clean() || r.Wrong != lies {
		t.Fatalf("%d wrong answers sent, %d wrong verdicts found", lies, r.Wrong)
	}
	if len(r.FirstWrong) != int(min(lies, loadtest.FirstWrong)) {
		t.Errorf("%d wrong verdicts kept, expected the first %d", len(r.FirstWrong), loadtest.FirstWrong)
	}
	report := reportOf(t, r)
	for _, wrong := range r.FirstWrong {
		if wrong.Serial == "" || wrong.Expected == wrong.Got || !strings.Contains(report, wrong.String()) {
			t.Errorf("not reported in full: %+v", wrong)
		}
	}
	if strings.Contains(report, "RG1:") || strings.Contains(report, w.Target().Device) {
		t.Error("the report contains a code or a credential")
	}
}

// Coordinated omission: with four connections only four checks are outstanding during the
// stall, less than one in a hundred. A load test that waits for answers before it sends
// again would report a fast gateway.
func TestStallCountsForEveryDelayedArrival(t *testing.T) {
	const stall = 300 * time.Millisecond
	c, _ := shortConfig(t, fake.Behavior{StallAfter: 600 * time.Millisecond, StallFor: stall})
	c.Connections, c.Rate, c.Uniform, c.Duration = 4, 400, true, 1500*time.Millisecond
	r := mustRun(t, c)
	if !r.Clean() {
		t.Fatalf("a stalled gateway is not clean:\n%s", reportOf(t, r))
	}
	if got := time.Duration(r.Overall.P999); got < stall*9/10 {
		t.Errorf("p99.9 is %v, the stall took %v", got, stall)
	}
	// A fifth of the run's arrivals became due during the stall; half of those waited for 150 ms or more.
	if got := time.Duration(r.Overall.P90); got < 100*time.Millisecond {
		t.Errorf("p90 is %v: arrivals due during the stall are missing", got)
	}
	if late := time.Duration(r.SentLate.P999); late < stall/2 {
		t.Errorf("sent late by %v at p99.9: the wait for a connection is missing", late)
	}
	if c := r.Overall.Count; c != r.Checks || c < 550 {
		t.Errorf("%d latencies of %d checks", c, r.Checks)
	}
}

func TestUnmetSupplyIsReported(t *testing.T) {
	// Two connections at 50 ms a check carry 40/s; 400/s are due.
	c, _ := shortConfig(t, fake.Behavior{EachCheck: 50 * time.Millisecond})
	c.Connections, c.Rate, c.Revoked, c.Mix = 2, 400, 0, loadtest.Mix{loadtest.Fresh: 1}
	r := mustRun(t, c)
	expected, _ := loadtest.NewSchedule(c.Mix, c.Rate, c.Warmup+c.Duration, c.Uniform, c.Seed).Count()
	if r.Unmet == 0 || r.Clean() {
		t.Fatalf("unmet supply is not reported:\n%s", reportOf(t, r))
	}
	if r.Warm+r.Checks+r.Unmet != int64(expected) {
		t.Errorf("%d sent and %d unmet of %d arrivals", r.Warm+r.Checks, r.Unmet, expected)
	}
	if report := reportOf(t, r); !strings.Contains(report, "UNMET SUPPLY") || !strings.Contains(lastLine(report), "unmet") {
		t.Errorf("the report lacks the unmet supply:\n%s", report)
	}
}

func TestFailedRequestsAreErrors(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{Overloaded: true})
	c.Mix, c.Revoked = loadtest.Mix{loadtest.Fresh: 1}, 0
	r := mustRun(t, c)
	if r.Clean() || r.Errors != r.Warm+r.Checks || len(r.ErrorKinds) != 1 || r.ErrorKinds[0].Name != "HTTP 503" {
		t.Errorf("got %+v", r.ErrorKinds)
	}
	if r.Wrong != 0 {
		t.Error("a missing verdict was counted as a wrong one")
	}
}

func TestGatewayThatStopsCausesErrors(t *testing.T) {
	c, w := shortConfig(t, fake.Behavior{})
	c.Mix, c.Revoked = loadtest.Mix{loadtest.Fresh: 1}, 0
	progress := &trigger{with: "warming up", then: func() { go w.Close() }}
	c.Warmup = 1500 * time.Millisecond
	r, err := loadtest.Run(t.Context(), c, progress)
	if err != nil {
		t.Fatal(err)
	}
	if r.Clean() || r.Errors == 0 || r.ErrorKinds[0].First == "" {
		t.Errorf("got %d errors, %+v", r.Errors, r.ErrorKinds)
	}
	for _, kind := range r.ErrorKinds {
		if kind.Name != "refused" && kind.Name != "reset" {
			t.Errorf("%d errors of a stopped gateway have the class %q", kind.Count, kind.Name)
		}
	}
}

func TestInterruptedRunIsReported(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{})
	c.Duration, c.Warmup, c.Rate = 10*time.Minute, 0, 50
	ctx, cancel := context.WithCancel(t.Context())
	begun := time.Now()
	r, err := loadtest.Run(ctx, c, &trigger{with: "1s", then: cancel})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("ended %v after it was begun", took)
	}
	if !r.Interrupted || r.Clean() || r.Checks < 20 || r.Unmet != 0 || r.Wrong != 0 || r.Errors != 0 || r.Seconds > 5 {
		t.Errorf("reported:\n%s", reportOf(t, r))
	}
	if !strings.HasPrefix(reportOf(t, r), "INTERRUPTED") {
		t.Error("the report does not begin with INTERRUPTED")
	}
}

func TestNoRunWithoutAReadyGateway(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{NeverReady: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := loadtest.Run(ctx, c, io.Discard); err == nil || !strings.Contains(err.Error(), "not ready (HTTP 503)") {
		t.Errorf("got %v", err)
	}
}

func TestNoRunWithoutTheLoadKey(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{NoLoadKey: true})
	if _, err := loadtest.Run(t.Context(), c, io.Discard); err == nil || !strings.Contains(err.Error(), "does not know load key 40001") {
		t.Errorf("got %v", err)
	}
}

func TestNoRunWhenRevocationsAreLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for RevokeWait")
	}
	c, _ := shortConfig(t, fake.Behavior{LoseRevocations: true})
	c.Revoked = 1
	begun := time.Now()
	_, err := loadtest.Run(t.Context(), c, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "after its revocation: no revoked within") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took < loadtest.RevokeWait || took > loadtest.RevokeWait+5*time.Second {
		t.Errorf("gave up after %v, expected %v", took, loadtest.RevokeWait)
	}
}

func TestNoRunWithAWrongStaffCredential(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{})
	c.Target.Staff = "rgs_" + strings.Repeat("0", 64)
	_, err := loadtest.Run(t.Context(), c, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `HTTP 401 "staff_unknown"`) {
		t.Errorf("got %v", err)
	}
}

func TestApplicantsAreFictitious(t *testing.T) {
	c, w := shortConfig(t, fake.Behavior{})
	c.Duration, c.Revoked = 100*time.Millisecond, 30
	mustRun(t, c)
	if len(w.Numbers()) < 30 {
		t.Fatalf("%d persons for 30 credentials", len(w.Numbers()))
	}
	for _, n := range w.Numbers() {
		if !strings.HasPrefix(n, string(passenger.LoadTest)+"190") {
			t.Errorf("a number that may belong to a living person")
		}
	}
}

func TestInvalidConfigNamesTheField(t *testing.T) {
	good, _ := shortConfig(t, fake.Behavior{})
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*loadtest.Config){
		"rate":        func(c *loadtest.Config) { c.Rate = 0 },
		"duration":    func(c *loadtest.Config) { c.Duration = 0 },
		"warmup":      func(c *loadtest.Config) { c.Warmup = loadtest.MaxRun },
		"connections": func(c *loadtest.Config) { c.Connections = loadtest.MaxConnections + 1 },
		"revoked":     func(c *loadtest.Config) { c.Revoked = 0 },
		"scope":       func(c *loadtest.Config) { c.Scope = 3 },
		"mix":         func(c *loadtest.Config) { c.Mix = loadtest.Mix{} },
		"gateway":     func(c *loadtest.Config) { c.Target.Gateway = "http://192.0.2.1:8080" },
	} {
		c := good
		spoil(&c)
		if _, err := loadtest.Run(t.Context(), c, io.Discard); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	good.Target.Gateway, good.AllowRemote = "http://192.0.2.1:8080", true
	if err := good.Validate(); err != nil {
		t.Errorf("an allowed remote target: %v", err)
	}
}

func TestReportsAreMachineReadable(t *testing.T) {
	c, w := shortConfig(t, fake.Behavior{LieEvery: 50})
	c.Command = "go run ./cmd/loadtest -rate=300"
	r := mustRun(t, c)

	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var back loadtest.Result
	d := json.NewDecoder(bytes.NewReader(out.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil {
		t.Fatal(err)
	}
	if back.Checks != r.Checks || back.Command != c.Command || back.Machine.Cores == 0 || back.Machine.Go == "" || back.Machine.CPU == "" || back.Overall != r.Overall {
		t.Errorf("the JSON report differs: %+v", back)
	}

	out.WriteByte('\n')
	if err := r.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{w.Target().Device, w.Target().Staff, "0102030405", "RG1:"} {
		if strings.Contains(out.String(), s) {
			t.Error("a report contains a credential, a key or a code")
		}
	}
	out.Reset()
	if err := r.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the plot is not XML: %v", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
		if e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 6 {
		t.Errorf("%d curves, expected one for all checks and one for each of five kinds", lines)
	}
}

func TestEmptyPlotIsValid(t *testing.T) {
	var out strings.Builder
	if err := new(loadtest.Result).WriteSVG(&out); err != nil || strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// withPassback returns a load test of a fake system whose gateway checks second uses.
func withPassback(t *testing.T, b fake.Behavior) loadtest.Config {
	t.Helper()
	c, w := shortConfig(t, b)
	c.Target.Second = w.Second()
	c.Mix, c.Revoked, c.Duration = loadtest.Mix{loadtest.Fresh: 40, loadtest.Rescan: 30, loadtest.Stale: 5, loadtest.Reused: 25}, 0, 2500*time.Millisecond
	return c
}

func TestSecondUsesAreExpected(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		"deny": {"fresh ok", "rescan ok", "stale code_stale", "reused already_used"},
		"flag": {"fresh ok", "rescan ok", "stale code_stale", "reused ok"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := mustRun(t, withPassback(t, fake.Behavior{Passback: mode, Ticket: "none"}))
			if !r.Clean() {
				t.Fatalf("a correct gateway is not clean:\n%s", reportOf(t, r))
			}
			answered, results := map[string]int64{}, map[string]int64{}
			for _, v := range r.Verdicts {
				answered[v.Kind+" "+v.Reason] = v.Count
			}
			for _, u := range r.Passback.Results {
				results[u.State+" "+u.Result] = u.Count
			}
			for _, pair := range want {
				if answered[pair] == 0 {
					t.Errorf("no answer %q among %v", pair, answered)
				}
			}
			for _, result := range []string{"exact first", "exact repeated", "exact used", "exact not_counted"} {
				if results[result] == 0 {
					t.Errorf("no result %q among %v", result, results)
				}
			}
			if r.Passback.Mode != mode || r.Passback.Double != 0 || !strings.Contains(reportOf(t, r), "passback ("+mode+"): exact first ") {
				t.Errorf("reported %+v", r.Passback)
			}
		})
	}
}

func TestDoubleEntriesAreFound(t *testing.T) {
	t.Parallel()
	r := mustRun(t, withPassback(t, fake.Behavior{Passback: "deny", ForgetEvery: 20}))
	if r.Clean() || r.Passback.Double == 0 || r.Wrong != r.Passback.Double {
		t.Fatalf("%d double entries, %d wrong verdicts", r.Passback.Double, r.Wrong)
	}
	for _, w := range r.FirstWrong {
		if w.Got != "allow ok, first" || !strings.Contains(w.Expected, "already_used") && !strings.Contains(w.Expected, "repeated") {
			t.Errorf("%s", w)
		}
	}
}

func TestWrongAgesAndTicketsAreFound(t *testing.T) {
	t.Parallel()
	for complaint, b := range map[string]fake.Behavior{
		"with an age of":         {Passback: "deny", WrongAge: 700 * time.Millisecond},
		"with a ticket":          {Ticket: "held"},
		"allow ok with a ticket": {Ticket: "late", Passback: "flag"},
	} {
		t.Run(complaint, func(t *testing.T) {
			t.Parallel()
			c := withPassback(t, b)
			if b.Passback == "" {
				c.Mix[loadtest.Reused] = 0
			}
			r := mustRun(t, c)
			if r.Wrong == 0 || !strings.Contains(r.FirstWrong[0].Got, complaint) {
				t.Errorf("%d wrong, %v", r.Wrong, r.FirstWrong)
			}
		})
	}
}

func TestReusedCodesNeedPassback(t *testing.T) {
	if _, err := loadtest.Run(t.Context(), withPassback(t, fake.Behavior{}), io.Discard); err == nil || !strings.Contains(err.Error(), "passback is off") {
		t.Errorf("got %v", err)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// trigger is a progress writer that calls a function when a text first appears.
type trigger struct {
	with string
	then func()
	once sync.Once
}

func (f *trigger) Write(p []byte) (int, error) {
	if strings.Contains(string(p), f.with) {
		f.once.Do(f.then)
	}
	return len(p), nil
}
