package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/revocation"
)

// felt is how much slower a gate's p99 may be than beside an idle issuance side, or
// one that has mere computing in its place if that is slower, where the two are
// kept apart. A virtual machine's processors are taken away for milliseconds, more
// often if all of them are busy: that is no doing of the issuance side. Faster is
// no harm: a processor that does not fall asleep answers sooner.
const felt = 1.10

const isolationNote = "\nnote: no-database: it is stopped, as by a crash, a quarter into each round, and comes back after it; what is answered and declined is of the whole round. " +
	"Revoked to refused is measured just before the gate's round, beside the same load, with the database. The issuer never accepted a revocation without it.\n"

// isolation is the table of one way.
func (s *samples) isolation(b *strings.Builder, o *options, w way) (missed int) {
	fmt.Fprintf(b, "\nThe gate at %s checks/s beside the issuance side: %s\n\n", measure.Text(o.gateRate), w.title)
	b.WriteString("| issuance side | p50, ms | p99, ms | p99, lowest to highest | p99.9, ms | p99 against idle | against computing | floor | oldest data, ms | data at the end | revoked to refused, p50, ms | longest | answered/s | declined/s | |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|---|\n")
	calm, busy := s.Spread(isolationName(w, idle), "p99-ms").Median, s.Spread(isolationName(w, computing), "p99-ms").Median
	for _, p := range phases {
		name := isolationName(w, p)
		if why := s.NotRun[name]; why != "" {
			fmt.Fprintf(b, "| %s | | | | | | | | | | | | | | NOT RUN: %s |\n", p, why)
			continue
		}
		p99 := s.Spread(name, "p99-ms")
		bound, verdict := "", ""
		if w.apart && (p == saturated || p == without) {
			bound, verdict = fmt.Sprintf("<= %.2fx of either", felt), "held"
			if p99.Median > felt*max(calm, busy) {
				verdict = floorMissed
				missed++
			}
		}
		states := slices.Compact(slices.Sorted(slices.Values(s.states[name])))
		// Without its database the issuer is silent; otherwise the stream must flow.
		if p != without && !slices.Equal(states, []string{revocation.Fresh.String()}) {
			verdict += "; " + floorMissed + ": the data did not stay fresh"
			missed++
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s to %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", p,
			measure.Text(s.Spread(name, "p50-ms").Median), measure.Text(p99.Median), measure.Text(p99.Lowest), measure.Text(p99.Highest),
			measure.Text(s.Spread(name, "p99.9-ms").Median), times(p99.Median, calm), times(p99.Median, busy), bound, measure.Text(s.Spread(name, "oldest-ms").Highest), strings.Join(states, ", "),
			measure.Text(s.Spread(name, "revoke-p50-ms").Median), measure.Text(s.Spread(name, "revoke-max-ms").Highest),
			measure.Text(s.Spread(name, "issuance/s").Median), measure.Text(s.Spread(name, "declined/s").Median), strings.TrimPrefix(verdict+p99.Warning(), "; "))
	}
	return missed
}

// times is how many times another figure one is.
func times(one, other float64) string {
	if other == 0 {
		return ""
	}
	return fmt.Sprintf("%.2fx", one/other)
}
