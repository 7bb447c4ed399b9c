package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// timeUnit is the unit of the ratios.
const timeUnit = "ns/op"

// table renders a complete output. ours is the first row of its group.
func (o *output) table() string {
	var b strings.Builder
	for _, e := range o.head {
		if e.key != "pkg" {
			fmt.Fprintf(&b, "- %s: %s\n", e.key, e.value)
		}
	}
	units := o.units()
	b.WriteString("\n| benchmark | side | rounds | ns/op, median | lowest | highest | times ours |")
	for _, unit := range units {
		b.WriteString(" " + unit + " |")
	}
	b.WriteString("\n|---|---|--:|--:|--:|--:|--:|" + strings.Repeat("--:|", len(units)) + "\n")
	for _, g := range o.groups {
		mine := g.mine()
		g.row(&b, mine, mine, units)
		for _, m := range g.members {
			if m != mine {
				g.row(&b, m, mine, units)
			}
		}
	}
	return b.String()
}

func (g *group) row(b *strings.Builder, m, mine *member, units []string) {
	times := m.samples[timeUnit]
	middle := measure.Median(times)
	fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s |", g.what, m.name, m.rounds,
		measure.Text(middle), measure.Text(slices.Min(times)), measure.Text(slices.Max(times)), ratio(middle, measure.Median(mine.samples[timeUnit])))
	for _, unit := range units {
		if values := m.samples[unit]; len(values) > 0 {
			b.WriteString(" " + measure.Text(measure.Median(values)) + " |")
		} else {
			b.WriteString(" |")
		}
	}
	b.WriteByte('\n')
}

// units returns the units except time: allocations first, others in order of appearance.
func (o *output) units() []string {
	all := []string{"B/op", "allocs/op"}
	for _, g := range o.groups {
		for _, m := range g.members {
			var more []string
			for unit := range m.samples {
				if unit != timeUnit && !slices.Contains(all, unit) {
					more = append(more, unit)
				}
			}
			slices.Sort(more)
			all = append(all, more...)
		}
	}
	return all
}

func ratio(rival, mine float64) string {
	if mine == 0 {
		return "n/a"
	}
	return strconv.FormatFloat(rival/mine, 'f', 2, 64)
}
