// Package measure contains what the benchmarks share: samples of rounds, the computation and format
// of figures, the closed loop, and reports. Each benchmark defines its own measurements and floors.
package measure

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Samples are the results of rounds: by name and unit, one value for each round, in order.
type Samples struct {
	Values map[string]map[string][]float64
	NotRun map[string]string // name to reason
}

// Value is one figure of a round.
type Value struct {
	Unit   string
	Number float64
}

// NewSamples returns empty samples.
func NewSamples() Samples {
	return Samples{map[string]map[string][]float64{}, map[string]string{}}
}

// Add adds the values of one round.
func (s *Samples) Add(name string, values ...Value) {
	units := s.Values[name]
	if units == nil {
		units = map[string][]float64{}
		s.Values[name] = units
	}
	for _, v := range values {
		units[v.Unit] = append(units[v.Unit], v.Number)
	}
}

// Spread returns the spread of a unit's rounds; zero if there are none.
func (s *Samples) Spread(name, unit string) Spread {
	values := s.Values[name][unit]
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{Median(values), slices.Min(values), slices.Max(values)}
}

// Spread is a median with the lowest and highest value.
type Spread struct{ Median, Lowest, Highest float64 }

// Enough is the number of rounds for a median that may be quoted.
const Enough = 5

// unquiet is the ratio of highest to lowest round above which a figure is not a measurement.
const unquiet = 2

// Warning returns a warning if the rounds differ too much, otherwise "".
func (s Spread) Warning() string {
	if s.Highest > unquiet*s.Lowest {
		return "; NOT A MEASUREMENT: the rounds differ too much, the machine was not quiet"
	}
	return ""
}

// MaxLine bounds a line of a benchmark's output, bytes.
const MaxLine = 64 << 10

var procSuffix = regexp.MustCompile(`-[0-9]+$`) // GOMAXPROCS, if not 1

// ParseLine parses a line of Go's benchmarks: name, iterations, and pairs of value and unit. The
// returned name is without Benchmark and the number of processors.
func ParseLine(line string) (name string, values []Value, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return "", nil, errors.New("not the line of a benchmark: want name, iterations, and values with units")
	}
	if _, err := strconv.ParseUint(fields[1], 10, 64); err != nil {
		return "", nil, errors.New("the second field is not a number of iterations")
	}
	for i := 2; i < len(fields); i += 2 {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return "", nil, fmt.Errorf("%s: %q is not a number", fields[0], fields[i])
		}
		values = append(values, Value{fields[i+1], n})
	}
	return procSuffix.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), values, nil
}

// Median returns the median; for an even number of values, the mean of the middle two. There must
// be at least one value.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Text formats values below 100 with three significant digits, others as whole numbers.
func Text(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
