package main

import (
	"fmt"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// flood renders the one round of the flood.
func (s *samples) flood(b *strings.Builder) {
	b.WriteString("\nForged passes, four of every five requests, at twice what the server can do of that mix; one round\n\n")
	b.WriteString("| forger | requests | due/s | p50, us | p99, us | p99.9, us | answered right | 503 | unfinished | broken | wrong |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, forger := range []struct{ name, what string }{
		{"HTTPFlood-other-device", "another device"}, {"HTTPFlood-same-device", "the same device"},
	} {
		for _, side := range []struct{ name, what string }{
			{"honest-alone", "honest, without the flood"}, {"honest-flooded", "honest, in the flood"}, {"forged", "forged"},
		} {
			units := s.Values[forger.name+"/"+side.name]
			if units == nil {
				fmt.Fprintf(b, "| %s | %s | | | | | NOT RUN: the run failed before | | | | |\n", forger.what, side.what)
				continue
			}
			fmt.Fprintf(b, "| %s | %s |", forger.what, side.what)
			cells(b, units, "due/s", "p50-us", "p99-us", "p99.9-us", "good", "busy", "unfinished", "broken", "wrong")
		}
	}
}

// attack is a line whose figure comes from honest requests beside an attack.
type attack struct{ line, name, what string }

var attacks = []attack{
	{"pipelines", "HTTPPipelines", "1,000 connections that send requests without a credential and wait for no answer"},
	{"unfinished", "HTTPUnfinished", "7,500 connections that begin batches with one device's credential"},
}

// attacked renders the honest requests of a line's rounds, medians.
func (s *samples) attacked(b *strings.Builder, a attack) {
	fmt.Fprintf(b, "\nHonest requests beside %s; medians\n\n", a.what)
	b.WriteString("| requests | due/s | p50, us | p99, us | p99.9, us | answered right | 503 | unfinished | broken | wrong | memory at most, MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, side := range []struct{ name, what string }{{"honest-alone", "without the attack"}, {"honest-flooded", "beside the attack"}} {
		units := s.Values[a.name+"/"+side.name]
		if units == nil {
			fmt.Fprintf(b, "| %s | | | | | NOT RUN: the run failed before | | | | | |\n", side.what)
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
