package main

import (
	"strings"
	"testing"
	"time"
)

// The measurement reports failures and fails: its percentiles omit them.
func TestFailedRevocationFailsTheMeasurement(t *testing.T) {
	r := &round{failed: map[string]int{}, reached: 99, cost: cost{cpu: map[string]time.Duration{"issuer": time.Second}, samples: map[string]float64{}}}
	for i := range 100 {
		r.done(0, time.Millisecond, time.Duration(i)*time.Millisecond, time.Now(), 2)
	}
	s := &side{name: "new", system: &system{broker: &fake{}}, rounds: []*round{r}}
	var out strings.Builder
	if err := reportLatency(&out, measuring{rate: 100, length: time.Second}, []*side{s}); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"p50 50ms, p90 90ms, p99 99ms", "10.000", "failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not contain %s:\n%s", want, &out)
		}
	}
	r.fail("revocation answered with 429")
	out.Reset()
	if err := reportLatency(&out, measuring{rate: 100, length: time.Second}, []*side{s}); err == nil || !strings.Contains(out.String(), "1 × revocation answered with 429") {
		t.Errorf("%v\n%s", err, &out)
	}
}
