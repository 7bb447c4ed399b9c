package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// counters reads every sample of one metric as a scrape would, keyed by its label values
// in the order of the label names.
func (s *harness) counters(metric string) map[string]float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	samples := map[string]float64{}
	for _, family := range families {
		if family.GetName() != metric {
			continue
		}
		for _, m := range family.GetMetric() {
			samples[labels(m)] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	if len(samples) == 0 {
		s.t.Fatalf("there is no metric %s", metric)
	}
	return samples
}

func labels(m *dto.Metric) string {
	var values []string
	for _, l := range m.GetLabel() { // sorted by name
		values = append(values, l.GetValue())
	}
	return strings.Join(values, " ")
}

// count reads one sample.
func (s *harness) count(metric string, labels ...string) float64 {
	s.t.Helper()
	n, ok := s.counters(metric)[strings.Join(labels, " ")]
	if !ok {
		s.t.Fatalf("metric %s has no sample %v", metric, labels)
	}
	return n
}

// page returns all metrics as text.
func (s *harness) page() string {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// onlyGrew expects that exactly one sample of a metric grew, by one.
func onlyGrew(t testing.TB, before, after map[string]float64, want string) {
	t.Helper()
	for _, sample := range slices.Sorted(maps.Keys(after)) {
		grown := after[sample] - before[sample]
		if expected := map[bool]float64{true: 1}[sample == want]; grown != expected {
			t.Errorf("counter %q grew by %v, want %v", sample, grown, expected)
		}
	}
	if _, ok := after[want]; !ok {
		t.Errorf("there is no counter %q", want)
	}
}
