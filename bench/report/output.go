package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// output is the results of benchmarks, in the order of first appearance.
type output struct {
	head   []entry
	groups []*group
}

type entry struct{ key, value string }

var headLine = regexp.MustCompile(`^([a-z]+): (.+)$`)

func readOutput(in io.Reader) (*output, error) {
	o := &output{}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), measure.MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		var err error
		switch head := headLine.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "Benchmark"):
			err = o.result(line)
		case strings.HasPrefix(line, "FAIL"), strings.HasPrefix(line, "--- FAIL"), strings.HasPrefix(line, "panic:"):
			err = errors.New("the run failed")
		case head != nil:
			err = o.setting(head[1], head[2])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return o, lines.Err()
}

func (o *output) setting(key, value string) error {
	for _, e := range o.head {
		if e.key == key && e.value != value {
			return fmt.Errorf("%s is %q here and was %q before: these runs are not of one machine", key, value, e.value)
		}
		if e.key == key {
			return nil
		}
	}
	o.head = append(o.head, entry{key, value})
	return nil
}

// result adds the line of a benchmark.
func (o *output) result(line string) error {
	path, values, err := measure.ParseLine(line)
	if err != nil {
		return err
	}
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 {
		return fmt.Errorf("%s has neither %q nor %q after a slash", path, ours, plain+"...")
	}
	what, name := path[:cut], path[cut+1:]
	if !strings.HasPrefix(name, ours) && !strings.HasPrefix(name, plain) {
		return fmt.Errorf("%s: %q is neither %q nor %q", path, name, ours, plain+"...")
	}
	m := o.group(what).member(name)
	m.rounds++
	for _, v := range values {
		if m.samples[v.Unit] = append(m.samples[v.Unit], v.Number); len(m.samples[v.Unit]) != m.rounds {
			return fmt.Errorf("%s: %s occurs twice in a line, or was missing in an earlier one", path, v.Unit)
		}
	}
	return nil
}
