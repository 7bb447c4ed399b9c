package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/railgate/railgate/bench/measure"
)

// samples is what the rounds showed: by name and unit one value for each, in
// their order; and the same as text, in the form of Go's benchmarks.
type samples struct {
	values map[string]map[string][]float64
	states map[string][]string // of the gate's revocation data at the end of each phase
	notRun map[string]string   // name to reason
	raw    bytes.Buffer
}

type value struct {
	unit  string
	value float64
}

func newSamples() *samples {
	return &samples{values: map[string]map[string][]float64{}, states: map[string][]string{}, notRun: map[string]string{}}
}

// add takes one round of n operations.
func (s *samples) add(name string, n int, values ...value) {
	units := s.values[name]
	if units == nil {
		units = map[string][]float64{}
		s.values[name] = units
	}
	fmt.Fprintf(&s.raw, "Benchmark%s\t%8d", name, n)
	for _, v := range values {
		units[v.unit] = append(units[v.unit], v.value)
		fmt.Fprintf(&s.raw, "\t%10.3f %s", v.value, v.unit)
	}
	s.raw.WriteByte('\n')
}

// without names what cannot be measured here.
func (s *samples) without(name, why string) {
	s.notRun[name] = why
	fmt.Fprintf(&s.raw, "NotRun %s: %s\n", name, why)
}

// spread is the median of a unit's rounds with the lowest and highest.
type spread struct{ median, lowest, highest float64 }

// of is zero if there are no rounds.
func (s *samples) of(name, unit string) spread {
	values := s.values[name][unit]
	if len(values) == 0 {
		return spread{}
	}
	return spread{measure.Median(values), slices.Min(values), slices.Max(values)}
}
