package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// figures is what a round showed.
type figures struct {
	answers int
	took    time.Duration
	cpu     time.Duration // of the server
}

func (f figures) perSecond() float64 { return float64(f.answers) / f.took.Seconds() }

// cpuEach is the server's processor time per request, microseconds.
func (f figures) cpuEach() float64 {
	return float64(f.cpu.Nanoseconds()) / 1000 / float64(max(1, f.answers))
}

// busy is how much of its one core the server used.
func (f figures) busy() float64 { return f.cpu.Seconds() / f.took.Seconds() }

func (f figures) String() string {
	return fmt.Sprintf("%9.0f requests/s %7.2f us server CPU/request %5.1f %% of its core busy, %d answers, all allow",
		f.perSecond(), f.cpuEach(), 100*f.busy(), f.answers)
}

// Marks of the table.
const (
	// floor is the least share of the no-op's throughput that the gateway is held to.
	floor = 0.60
	// saturated is the share of its core from which a server counts as the limit.
	saturated = 0.90
)

func writeTable(out io.Writer, ours, noop *side) {
	a, b := ours.median(figures.perSecond), noop.median(figures.perSecond)
	x, y := ours.median(figures.cpuEach), noop.median(figures.cpuEach)
	fmt.Fprintf(out, "\nmedians of %d rounds each\n\n", len(ours.rounds))
	fmt.Fprintf(out, "| side | requests/s | server CPU, us/request | server core busy |\n|---|--:|--:|--:|\n")
	for _, s := range []*side{ours, noop} {
		fmt.Fprintf(out, "| %s | %.0f | %.2f | %.1f %% |\n", s.name,
			s.median(figures.perSecond), s.median(figures.cpuEach), 100*s.median(figures.busy))
	}
	fmt.Fprintf(out, "| %s / %s | %.3f | %.3f | |\n\n", ours.name, noop.name, a/b, x/y)
	held := "held"
	if a/b < floor {
		held = "NOT HELD"
	}
	fmt.Fprintf(out, "floor: ours at least %.0f %% of the no-op's requests/s: %s\n", 100*floor, held)
	for _, s := range []*side{ours, noop} {
		if s.median(figures.busy) < saturated {
			fmt.Fprintf(out, "note: %s did not get its whole core busy: the load generator or other work was the limit; compare processor time, not requests/s\n", s.name)
		}
	}
}

// median of an even number of rounds is the mean of the middle two.
func (s *side) median(of func(figures) float64) float64 {
	var values []float64
	for _, r := range s.rounds {
		values = append(values, of(r))
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
