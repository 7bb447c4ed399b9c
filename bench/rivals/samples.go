package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// samples is what the measuring programs printed.
type samples struct {
	measure.Samples
	loose bool // the two sides shared processors
}

// notRunLine is how httpcheck names a side that cannot run.
var notRunLine = regexp.MustCompile(`^NotRun (\S+): (.+)$`)

// read takes the lines of Go's benchmarks, wherever they come from, and leaves
// out what is something else.
func read(in io.Reader) (*samples, error) {
	s := &samples{Samples: measure.NewSamples()}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), measure.MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if found := notRunLine.FindStringSubmatch(line); found != nil {
			s.NotRun[found[1]] = found[2]
		}
		s.loose = s.loose || strings.HasPrefix(line, "NOT PINNED")
		// "BenchmarkX" alone is what go test prints before it logs.
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

// rounds is the values of a side, one for each round; the error says why there
// are none, or not as many as there should be.
func (s *samples) rounds(name, unit string, want int) ([]float64, error) {
	if why := s.NotRun[name]; why != "" {
		return nil, fmt.Errorf("%s: %s", name, why)
	}
	values := s.Values[name][unit]
	switch {
	case s.Values[name] == nil:
		return nil, fmt.Errorf("no figures of %s: the run failed, or there is no such benchmark", name)
	case len(values) != want:
		return nil, fmt.Errorf("%d values of %s in %s, want %d", len(values), unit, name, want)
	}
	return values, nil
}
