package loadtest_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/loadtest"
	"github.com/railgate/railgate/loadtest/fake"
)

// A gateway takes 20 ms per check and stops in the middle. Its later refusals arrive within
// microseconds and must not improve its percentiles.
func TestDeadGatewayDoesNotImproveLatency(t *testing.T) {
	const each = 20 * time.Millisecond
	c, w := shortConfig(t, fake.Behavior{EachCheck: each})
	c.Mix, c.Revoked, c.Warmup, c.Duration, c.Rate = loadtest.Mix{loadtest.Fresh: 1}, 0, 0, 4*time.Second, 100
	r, err := loadtest.Run(t.Context(), c, &trigger{with: "  1s  sent", then: func() { go w.Close() }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Clean() || r.Errors < r.Checks/2 || r.Answered == 0 {
		t.Fatalf("the gateway stopped after one second of four:\n%s", reportOf(t, r))
	}
	if r.Overall.Count != r.Answered || r.Answered+r.Errors != r.Checks {
		t.Errorf("%d latencies, %d right answers, %d errors of %d checks", r.Overall.Count, r.Answered, r.Errors, r.Checks)
	}
	if got := time.Duration(r.Overall.P50); got < each {
		t.Errorf("p50 is %v, although no answer took less than %v", got, each)
	}
	if most := 1.1 * float64(r.Answered) / c.Duration.Seconds(); r.Rate > most {
		t.Errorf("%.0f/s, although the answers make %.0f/s: failures count as throughput", r.Rate, most)
	}
}

// A gateway without right answers has no latency, rather than 0.
func TestOverloadedGatewayHasNoLatency(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{Overloaded: true})
	c.Mix, c.Revoked = loadtest.Mix{loadtest.Fresh: 1}, 0
	r := mustRun(t, c)
	report := reportOf(t, r)
	if r.Overall.Count != 0 || strings.Contains(report, "0ns") || !strings.Contains(lastLine(report), "p50 - p99 - p99.9 -") {
		t.Errorf("reported:\n%s", report)
	}
	if !strings.Contains(report, "HTTP 503") {
		t.Errorf("the report lacks the failures:\n%s", report)
	}
}

// A wrong verdict has no latency either, even if it was fast.
func TestWrongVerdictHasNoLatency(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{LieEvery: 3})
	c.Warmup = 0
	r := mustRun(t, c)
	if r.Wrong == 0 || r.Overall.Count != r.Checks-r.Wrong || r.Answered != r.Overall.Count {
		t.Errorf("%d latencies of %d checks with %d wrong verdicts", r.Overall.Count, r.Checks, r.Wrong)
	}
}

// Far beyond capacity all sent checks were due in the warm-up. Their answers are counted
// anyway: 0 checks would be wrong.
func TestAnswersOfAnOverloadedRunAreCounted(t *testing.T) {
	const each = 50 * time.Millisecond
	c, _ := shortConfig(t, fake.Behavior{EachCheck: each})
	c.Connections, c.Rate, c.Revoked, c.Mix = 2, 400, 0, loadtest.Mix{loadtest.Fresh: 1}
	c.Warmup, c.Duration = time.Second, time.Second
	r := mustRun(t, c)
	if r.Unmet == 0 {
		t.Fatalf("400/s do not fit into 2 connections of 20/s:\n%s", reportOf(t, r))
	}
	if r.Answered == 0 || r.Answered != r.Checks || r.Seconds <= 0 || r.Rate <= 0 || time.Duration(r.Overall.P50) < each {
		t.Errorf("reported:\n%s", reportOf(t, r))
	}
	// The measured part takes 2 s with the grace, at no more than 40 answers per second.
	if r.Answered > 2*40+4 {
		t.Errorf("%d answers include those of the warm-up", r.Answered)
	}
}

// Connections that are busy because the gateway is slow are not the load generator's
// fault: such a run is valid and shows the gateway's latency.
func TestSlowGatewayIsAValidResult(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{EachCheck: 300 * time.Millisecond})
	c.Connections, c.Rate, c.Uniform, c.Revoked, c.Mix = 4, 40, true, 0, loadtest.Mix{loadtest.Fresh: 1}
	c.Warmup, c.Duration = 0, 3*time.Second
	c.Limits = loadtest.DefaultLimits
	c.Limits.Late, c.Limits.Processor = time.Second, 1e9 // other tests use this machine
	r := mustRun(t, c)
	if len(r.Invalid) != 0 || time.Duration(r.Overall.P99) < time.Second {
		t.Fatalf("reported:\n%s", reportOf(t, r))
	}
	if waited := time.Duration(r.SentLate.P99); waited < time.Second || r.OwnLateness.P99 > r.SentLate.P99/2 {
		t.Errorf("sent late by %v, of which %v own lateness: the wait for connections is not the generator's", waited, time.Duration(r.OwnLateness.P99))
	}
}

// Too few values have no high percentiles, and an empty run reports that it is empty.
func TestFewValuesHaveFewPercentiles(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{})
	c.Uniform, c.Rate, c.Warmup, c.Duration, c.Revoked, c.Mix = true, 100, 0, 500*time.Millisecond, 0, loadtest.Mix{loadtest.Fresh: 1}
	r := mustRun(t, c)
	if last := lastLine(reportOf(t, r)); r.Checks != 50 || !strings.HasSuffix(last, " p99 - p99.9 -") || strings.Contains(last, "p50 -") {
		t.Errorf("%d checks: %s", r.Checks, last)
	}
	c.Warmup, c.Rate = 1500*time.Millisecond, 0.5 // one arrival, at the start of the warm-up
	r = mustRun(t, c)
	if report := reportOf(t, r); r.Clean() || r.Checks != 0 || !strings.Contains(report, "NOTHING MEASURED") {
		t.Errorf("reported:\n%s", report)
	}
}

// If most arrivals wait for a connection, the report notes it.
func TestTooFewConnectionsAreReported(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{EachCheck: 50 * time.Millisecond})
	c.Connections, c.Uniform, c.Rate, c.Warmup, c.Duration, c.Revoked, c.Mix = 2, true, 80, 0, time.Second, 0, loadtest.Mix{loadtest.Fresh: 1}
	if report := reportOf(t, mustRun(t, c)); !strings.Contains(report, "waited for one of 2 connections") {
		t.Errorf("reported:\n%s", report)
	}
	c.Connections, c.Rate = 32, 50
	if report := reportOf(t, mustRun(t, c)); strings.Contains(report, "NOTE") {
		t.Errorf("with enough connections:\n%s", report)
	}
}

// Sending is blocked for 40 ms at a time, as on a machine without a processor for the load
// generator. Every verdict is right, but the latencies are the generator's own.
func TestLateLoadGeneratorMakesTheRunInvalid(t *testing.T) {
	c, _ := shortConfig(t, fake.Behavior{})
	c.Limits = loadtest.DefaultLimits
	r, err := loadtest.RunWithPauses(t.Context(), c, io.Discard, 40*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	report := reportOf(t, r)
	if r.Wrong > 0 || len(r.Invalid) == 0 || !strings.Contains(report, "INVALID: the load generator sent") {
		t.Fatalf("reported:\n%s", report)
	}
	for _, value := range []string{"p50", "p99.9", "latency from due", "overall"} {
		if strings.Contains(report, value) {
			t.Errorf("the report contains %q:\n%s", value, report)
		}
	}
	if r.OwnLateness.P50 == 0 || r.Overall != (loadtest.Latency{}) || r.Kinds != nil {
		t.Errorf("own lateness %+v, latency %+v", r.OwnLateness, r.Overall)
	}
	var out strings.Builder
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(out.String()), &fields); err != nil || fields["latency"] != nil || fields["latency_by_kind"] != nil || fields["invalid"] == nil {
		t.Errorf("%v: the JSON report contains latencies: %v, %v", err, fields["latency"], fields["invalid"])
	}
	out.Reset()
	if err := r.WriteSVG(&out); err != nil || !strings.Contains(out.String(), "INVALID") || strings.Contains(out.String(), "polyline") {
		t.Errorf("%v: the plot contains curves", err)
	}
}
