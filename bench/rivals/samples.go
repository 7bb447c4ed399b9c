package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// samples contains the parsed output of the measuring programs.
type samples struct {
	measure.Samples
	unpinned bool // servers and load generator shared processors
}

// notRunLine matches the output of httpcheck for a side that cannot run.
var notRunLine = regexp.MustCompile(`^NotRun (\S+): (.+)$`)

// parseOutput parses lines in the format of Go's benchmarks and ignores other lines.
func parseOutput(in io.Reader) (*samples, error) {
	s := &samples{Samples: measure.NewSamples()}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), measure.MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if found := notRunLine.FindStringSubmatch(line); found != nil {
			s.NotRun[found[1]] = found[2]
		}
		s.unpinned = s.unpinned || strings.HasPrefix(line, "NOT PINNED")
		// Before log output, go test prints "BenchmarkX" on a separate line.
		if strings.HasPrefix(line, "Benchmark") && len(strings.Fields(line)) > 1 {
			name, values, err := measure.ParseLine(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			s.Add(name, values...)
		}
	}
	return s, lines.Err()
}

// rounds returns the values of a side, one per round. The error contains the reason if
// values are missing.
func (s *samples) rounds(name, unit string, want int) ([]float64, error) {
	if why := s.NotRun[name]; why != "" {
		return nil, fmt.Errorf("%s: %s", name, why)
	}
	values := s.Values[name][unit]
	switch {
	case s.Values[name] == nil:
		return nil, fmt.Errorf("no values of %s: the run failed, or the benchmark does not exist", name)
	case len(values) != want:
		return nil, fmt.Errorf("%d values of %s in %s, want %d", len(values), unit, name, want)
	}
	return values, nil
}
