package main

import (
	"fmt"
	"strings"

	"github.com/railgate/railgate/bench/figure"
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
			units := s.values[forger.name+"/"+side.name]
			if units == nil {
				fmt.Fprintf(b, "| %s | %s | | | | | NOT RUN: the run failed before | | | | |\n", forger.what, side.what)
				continue
			}
			fmt.Fprintf(b, "| %s | %s |", forger.what, side.what)
			for _, unit := range []string{"due/s", "p50-us", "p99-us", "p99.9-us", "good", "busy", "unfinished", "broken", "wrong"} {
				if len(units[unit]) == 0 {
					b.WriteString(" |")
					continue
				}
				fmt.Fprintf(b, " %s |", figure.Text(figure.Median(units[unit])))
			}
			b.WriteByte('\n')
		}
	}
}
