package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// table renders the selected rows. missed is the number of floors that are not met.
func (s *samples) table(o *options) (text string, missed int) {
	var b strings.Builder
	fmt.Fprintf(&b, "medians of %d rounds; lowest and highest ratio of a single round\n", o.rounds)
	if o.rounds < measure.Enough {
		fmt.Fprintf(&b, "NOT A MEASUREMENT: fewer than %d rounds\n", measure.Enough)
	}
	if s.unpinned {
		b.WriteString("NOT A MEASUREMENT: servers and load generator shared processors\n")
	}
	b.WriteString("\n| row | measured | railgate | rival | result | lowest to highest | floor | goal | |\n|---|---|--:|--:|--:|--:|--:|--:|---|\n")
	for i := range rows {
		r := &rows[i]
		if r.ours == "" || !slices.Contains(o.only, r.name) {
			continue
		}
		t, err := r.result(s, o.rounds)
		if err != nil {
			fmt.Fprintf(&b, "| %s | %s | | | | | %s | %s | NOT RUN: %v |\n", r.name, r.what, r.bound(r.floor), r.bound(r.goal), err)
			continue
		}
		verdict := "goal met"
		switch {
		case !r.holds(t, r.floor):
			verdict = "FLOOR MISSED"
			missed++
		case !r.holds(t, r.goal):
			verdict = "floor met, goal missed"
		}
		verdict += t.Warning()
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s to %s | %s | %s | %s |\n", r.name, r.what, r.side(t.ours), r.other(t),
			r.shownAs(t), r.number(t.Lowest), r.number(t.Highest), r.bound(r.floor), r.bound(r.goal), verdict)
	}
	s.notes(&b)
	if slices.Contains(o.only, "flood") {
		s.flood(&b)
	}
	for _, attack := range attacks {
		if slices.Contains(o.only, attack.row) {
			s.attacked(&b, attack)
		}
	}
	return b.String(), missed
}

func (r *row) other(t result) string {
	if r.rival == "" {
		return ""
	}
	return r.side(t.rival)
}

// side returns the median of one side with its unit, without the part after "/".
func (r *row) side(v float64) string {
	unit, _, _ := strings.Cut(r.unit, "/")
	unit = unit[strings.LastIndexByte(unit, '-')+1:]
	return measure.Text(v) + " " + unit
}

func (r *row) number(v float64) string {
	if r.rival == "" {
		return measure.Text(v) + r.shown
	}
	return strconv.FormatFloat(v, 'f', 2, 64) + "x"
}

func (r *row) shownAs(t result) string {
	text := r.number(t.Median)
	if r.noAllocs {
		text += fmt.Sprintf(", %s allocs", measure.Text(t.allocs))
	}
	return text
}

func (r *row) bound(v float64) string {
	sign := "<= "
	if r.times {
		sign = ">= "
	}
	text := sign + strconv.FormatFloat(v, 'g', -1, 64) + r.shown
	if r.rival != "" {
		text += "x"
	}
	if r.noAllocs {
		text += ", 0 allocs"
	}
	return text
}

// saturated is the utilisation of its core, in per cent, from which on the server was the
// bottleneck.
const saturated = 90

// notes writes limitations of this run.
func (s *samples) notes(b *strings.Builder) {
	for _, name := range []string{"HTTPLatency/ours", "HTTPLatency/plain-noop"} {
		units := s.Values[name]
		if len(units["late-p99.9-us"]) == 0 {
			continue
		}
		shown := func(unit string) string { return measure.Text(measure.Median(units[unit])) }
		dominated := ""
		if measure.Median(units["late-p99.9-us"]) > measure.Median(units["p99.9-us"])/2 {
			dominated = ": MOST OF IT; the machine was not idle, and the row is not reliable"
		}
		fmt.Fprintf(b, "\nnote: %s: p50 %s us, p99 %s us, p99.9 %s us at %s/s; part of the client: sent late by %s us (p50) and %s us (p99.9), iterations of its loop %s us (p99.9)%s\n",
			name, shown("p50-us"), shown("p99-us"), shown("p99.9-us"), shown("due/s"), shown("late-p50-us"), shown("late-p99.9-us"), shown("turn-p99.9-us"), dominated)
	}
	for _, name := range []string{"HTTPCached/ours", "HTTPCached/plain-noop", "HTTPCached/nginx-lua-cache", "HTTPNew/ours", "HTTPNew/fasthttp-jwt", "HTTPNew/ours-batch"} {
		if busy := s.Values[name]["busy-%"]; len(busy) > 0 && measure.Median(busy) < saturated {
			fmt.Fprintf(b, "\nnote: %s used only %s %% of its core: the load generator was the bottleneck; processor time is compared, not requests/s\n", name, measure.Text(measure.Median(busy)))
		}
	}
}

// flood renders the round of the flood.
func (s *samples) flood(b *strings.Builder) {
	b.WriteString("\nForged passes, four of every five requests, at twice the server's capacity for this mix; one round\n\n")
	b.WriteString("| forger | requests | due/s | p50, us | p99, us | p99.9, us | correct | 503 | unfinished | broken | wrong |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, forger := range []struct{ name, what string }{
		{"HTTPFlood-other-device", "another device"}, {"HTTPFlood-same-device", "the same device"},
	} {
		for _, side := range []struct{ name, what string }{
			{"honest-alone", "honest, without the flood"}, {"honest-flooded", "honest, during the flood"}, {"forged", "forged"},
		} {
			units := s.Values[forger.name+"/"+side.name]
			if units == nil {
				fmt.Fprintf(b, "| %s | %s | | | | | NOT RUN: the run failed earlier | | | | |\n", forger.what, side.what)
				continue
			}
			fmt.Fprintf(b, "| %s | %s |", forger.what, side.what)
			cells(b, units, "due/s", "p50-us", "p99-us", "p99.9-us", "good", "busy", "unfinished", "broken", "wrong")
		}
	}
}

// attack is a row that measures honest requests during an attack.
type attack struct{ row, name, what string }

var attacks = []attack{
	{"pipelines", "HTTPPipelines", "1,000 connections that pipeline requests without a credential"},
	{"unfinished", "HTTPUnfinished", "7,500 connections that begin batches with one device's credential"},
}

// attacked renders the medians of the honest requests of a row.
func (s *samples) attacked(b *strings.Builder, a attack) {
	fmt.Fprintf(b, "\nHonest requests during %s; medians\n\n", a.what)
	b.WriteString("| requests | due/s | p50, us | p99, us | p99.9, us | correct | 503 | unfinished | broken | wrong | peak memory, MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, side := range []struct{ name, what string }{{"honest-alone", "without the attack"}, {"honest-flooded", "during the attack"}} {
		units := s.Values[a.name+"/"+side.name]
		if units == nil {
			fmt.Fprintf(b, "| %s | | | | | NOT RUN: the run failed earlier | | | | | |\n", side.what)
			continue
		}
		fmt.Fprintf(b, "| %s |", side.what)
		cells(b, units, "due/s", "p50-us", "p99-us", "p99.9-us", "good", "busy", "unfinished", "broken", "wrong", "rss-MiB")
	}
}

// cells renders the medians of the units and ends the row.
func cells(b *strings.Builder, units map[string][]float64, names ...string) {
	for _, unit := range names {
		if len(units[unit]) == 0 {
			b.WriteString(" |")
			continue
		}
		fmt.Fprintf(b, " %s |", measure.Text(measure.Median(units[unit])))
	}
	b.WriteByte('\n')
}
