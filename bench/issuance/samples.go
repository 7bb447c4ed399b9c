package main

import (
	"bytes"
	"fmt"

	"github.com/railgate/railgate/bench/measure"
)

// samples is what the rounds showed; and the same as text, in the form of Go's benchmarks.
type samples struct {
	measure.Samples
	states map[string][]string // of the gate's revocation data at the end of each phase
	raw    bytes.Buffer
}

func newSamples() *samples {
	return &samples{Samples: measure.NewSamples(), states: map[string][]string{}}
}

func value(unit string, n float64) measure.Value { return measure.Value{Unit: unit, Number: n} }

// add takes one round of n operations.
func (s *samples) add(name string, n int, values ...measure.Value) {
	s.Add(name, values...)
	fmt.Fprintf(&s.raw, "Benchmark%s\t%8d", name, n)
	for _, v := range values {
		fmt.Fprintf(&s.raw, "\t%10.3f %s", v.Number, v.Unit)
	}
	s.raw.WriteByte('\n')
}

// without names what cannot be measured here.
func (s *samples) without(name, why string) {
	s.NotRun[name] = why
	fmt.Fprintf(&s.raw, "NotRun %s: %s\n", name, why)
}

// state keeps what the gate said of its data at the end of a phase.
func (s *samples) state(name, state string) {
	s.states[name] = append(s.states[name], state)
	fmt.Fprintf(&s.raw, "State %s: %s\n", name, state)
}
