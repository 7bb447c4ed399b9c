package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// maxLine bounds a line of input, bytes.
const maxLine = 64 << 10

// samples is what the measuring programs printed: by benchmark and unit one
// value for each round, in their order, and why some did not run.
type samples struct {
	values map[string]map[string][]float64
	notRun map[string]string
	loose  bool // the two sides shared processors
}

var procSuffix = regexp.MustCompile(`-[0-9]+$`) // of GOMAXPROCS, when it is not 1

// notRunLine is how httpcheck names a side that cannot run.
var notRunLine = regexp.MustCompile(`^NotRun (\S+): (.+)$`)

// read takes the lines of Go's benchmarks, wherever they come from, and leaves
// out what is something else.
func read(in io.Reader) (*samples, error) {
	s := &samples{values: map[string]map[string][]float64{}, notRun: map[string]string{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if found := notRunLine.FindStringSubmatch(line); found != nil {
			s.notRun[found[1]] = found[2]
		}
		s.loose = s.loose || strings.HasPrefix(line, "NOT PINNED")
		// "BenchmarkX" alone is what go test prints before it logs.
		if strings.HasPrefix(line, "Benchmark") && len(strings.Fields(line)) > 1 {
			if err := s.add(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
	return s, lines.Err()
}

// add takes a line of name, iterations, and pairs of value and unit.
func (s *samples) add(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return errors.New("not the line of a benchmark: want name, iterations, and values with units")
	}
	name := procSuffix.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
	units := s.values[name]
	if units == nil {
		units = map[string][]float64{}
		s.values[name] = units
	}
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("%s: %q is not a number", fields[0], fields[i])
		}
		units[fields[i+1]] = append(units[fields[i+1]], value)
	}
	return nil
}

// rounds is the values of a side, one for each round; the error says why there
// are none, or not as many as there should be.
func (s *samples) rounds(name, unit string, want int) ([]float64, error) {
	if why := s.notRun[name]; why != "" {
		return nil, fmt.Errorf("%s: %s", name, why)
	}
	values := s.values[name][unit]
	switch {
	case s.values[name] == nil:
		return nil, fmt.Errorf("no figures of %s: the run failed, or there is no such benchmark", name)
	case len(values) != want:
		return nil, fmt.Errorf("%d values of %s in %s, want %d", len(values), unit, name, want)
	}
	return values, nil
}
