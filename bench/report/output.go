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

// output is what benchmarks printed, in the order of first appearance.
type output struct {
	head   []entry
	groups []*group
}

type entry struct{ key, value string }

var (
	headLine   = regexp.MustCompile(`^([a-z]+): (.+)$`)
	procSuffix = regexp.MustCompile(`-[0-9]+$`) // of GOMAXPROCS, when it is not 1
)

func read(in io.Reader) (*output, error) {
	o := &output{}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
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
			return fmt.Errorf("%s is %q here and was %q: these runs are not of one machine", key, value, e.value)
		}
		if e.key == key {
			return nil
		}
	}
	o.head = append(o.head, entry{key, value})
	return nil
}

// result takes a line of name, iterations, and pairs of value and unit.
func (o *output) result(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return errors.New("not the line of a benchmark: want name, iterations, and values with units")
	}
	if _, err := strconv.ParseUint(fields[1], 10, 64); err != nil {
		return errors.New("the second field is not a number of iterations")
	}
	path := procSuffix.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 {
		return fmt.Errorf("%s has neither %q nor %q behind a slash", fields[0], ours, plain+"...")
	}
	what, name := path[:cut], path[cut+1:]
	if !strings.HasPrefix(name, ours) && !strings.HasPrefix(name, plain) {
		return fmt.Errorf("%s: %q is neither %q nor %q", fields[0], name, ours, plain+"...")
	}
	m := o.group(what).member(name)
	m.rounds++
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("%s: %q is not a number", fields[0], fields[i])
		}
		unit := fields[i+1]
		if m.samples[unit] = append(m.samples[unit], value); len(m.samples[unit]) != m.rounds {
			return fmt.Errorf("%s: %s stands twice in a line, or was missing in an earlier one", fields[0], unit)
		}
	}
	return nil
}
