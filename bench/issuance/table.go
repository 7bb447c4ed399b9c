package main

import (
	"fmt"
	"strings"

	"github.com/railgate/railgate/bench/measure"
)

// tables renders what was wanted; missed counts floors that do not hold.
func (s *samples) tables(o *options) (text string, missed int) {
	var b strings.Builder
	fmt.Fprintf(&b, "medians of %d rounds\n", o.rounds)
	if o.rounds < measure.Enough {
		fmt.Fprintf(&b, "NOT A MEASUREMENT: fewer than %d rounds\n", measure.Enough)
	}
	var wanted []*line
	for i := range lines {
		for _, group := range o.only {
			if lines[i].group == group {
				wanted = append(wanted, &lines[i])
			}
		}
	}
	if wanted != nil {
		missed += s.capacities(&b, o, wanted) + s.latencies(&b, o, wanted)
		b.WriteString("\nnote: the client's processor time is that of the load generator and of the broker beside it; the database's is part of the issuer's with SQLite\n")
	}
	for _, name := range o.only {
		if name == isolationRun {
			for _, w := range ways {
				missed += s.isolation(&b, o, w)
			}
			b.WriteString(isolationNote)
		}
	}
	return b.String(), missed
}

// capacities is the table of the closed loops.
func (s *samples) capacities(b *strings.Builder, o *options, wanted []*line) (missed int) {
	fmt.Fprintf(b, "\nWhat the issuer can do: closed loop over %d connections, database %s\n\n", o.connections, o.database)
	b.WriteString("| line | what | per second | lowest to highest | floor | us of CPU each: issuer | database | client | client's share | |\n|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, l := range wanted {
		name := closedName(l)
		rate := s.Spread(name, "op/s")
		bound, verdict := "none", "no floor"
		if l.floor > 0 {
			bound, verdict = ">= "+measure.Text(l.floor), "held"
			if rate.Median < l.floor {
				verdict = floorMissed
				missed++
			}
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s to %s | %s | %s | %s | %s | %s %% | %s |\n", l.name, l.what, measure.Text(rate.Median),
			measure.Text(rate.Lowest), measure.Text(rate.Highest), bound, measure.Text(s.Spread(name, "issuer-us/op").Median),
			measure.Text(s.Spread(name, "database-us/op").Median), measure.Text(s.Spread(name, "client-us/op").Median),
			measure.Text(s.Spread(name, "client-%").Median), verdict+rate.Warning())
	}
	return missed
}

const floorMissed = "FLOOR MISSED"

// latencies is the table of the open loops.
func (s *samples) latencies(b *strings.Builder, o *options, wanted []*line) (missed int) {
	fmt.Fprintf(b, "\nHow long it takes at %g times the floor: open loop, time from the moment due\n\n", o.share)
	b.WriteString("| line | due/s | p50, ms | p99, ms | p99, lowest to highest | p99.9, ms | of that sent late, p99, ms | unmet | floor of p99 | us of CPU each: issuer | database | client | |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, l := range wanted {
		if l.floor == 0 {
			continue
		}
		name := openName(l)
		p99 := s.Spread(name, "p99-ms")
		unmet := 0.0
		for _, n := range s.Values[name]["unmet"] {
			unmet += n
		}
		verdict := "held"
		switch {
		case unmet > 0:
			verdict = floorMissed + ": unmet supply"
			missed++
		case p99.Median >= l.latency().Seconds()*1e3:
			verdict = floorMissed
			missed++
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s to %s | %s | %s | %.0f | < %g | %s | %s | %s | %s |\n", l.name, measure.Text(s.Spread(name, "due/s").Median),
			measure.Text(s.Spread(name, "p50-ms").Median), measure.Text(p99.Median), measure.Text(p99.Lowest), measure.Text(p99.Highest),
			measure.Text(s.Spread(name, "p99.9-ms").Median), measure.Text(s.Spread(name, "late-p99-ms").Median), unmet, l.latency().Seconds()*1e3,
			measure.Text(s.Spread(name, "issuer-us/op").Median), measure.Text(s.Spread(name, "database-us/op").Median), measure.Text(s.Spread(name, "client-us/op").Median), verdict)
	}
	return missed
}
