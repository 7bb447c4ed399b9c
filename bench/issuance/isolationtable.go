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

// state keeps what the gate said of its data at the end of a phase.
func (s *samples) state(name, state string) {
	s.states[name] = append(s.states[name], state)
	fmt.Fprintf(&s.raw, "State %s: %s\n", name, state)
}

const isolationNote = "\nnote: no-database: it is stopped, as by a crash, a quarter into each round, and comes back after it; what is answered and declined is of the whole round. " +
	"Revoked to refused is measured just before the gate's round, beside the same load, with the database. The issuer never accepted a revocation without it.\n"

// isolation is the table of one way.
func (s *samples) isolation(b *strings.Builder, o *options, w way) (missed int) {
	fmt.Fprintf(b, "\nThe gate at %s checks/s beside the issuance side: %s\n\n", measure.Text(o.gateRate), w.title)
	b.WriteString("| issuance side | p50, ms | p99, ms | p99, lowest to highest | p99.9, ms | p99 against idle | against computing | floor | oldest data, ms | data at the end | revoked to refused, p50, ms | longest | answered/s | declined/s | |\n" +
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|---|\n")
	calm, busy := s.of(isolationName(w, idle), "p99-ms").median, s.of(isolationName(w, computing), "p99-ms").median
	for _, p := range phases {
		name := isolationName(w, p)
		if why := s.notRun[name]; why != "" {
			fmt.Fprintf(b, "| %s | | | | | | | | | | | | | | NOT RUN: %s |\n", p, why)
			continue
		}
		p99 := s.of(name, "p99-ms")
		bound, verdict := "", ""
		if w.apart && (p == saturated || p == without) {
			bound, verdict = fmt.Sprintf("<= %.2fx of either", felt), "held"
			if p99.median > felt*max(calm, busy) {
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
			measure.Text(s.of(name, "p50-ms").median), measure.Text(p99.median), measure.Text(p99.lowest), measure.Text(p99.highest),
			measure.Text(s.of(name, "p99.9-ms").median), times(p99.median, calm), times(p99.median, busy), bound, measure.Text(s.of(name, "oldest-ms").highest), strings.Join(states, ", "),
			measure.Text(s.of(name, "revoke-p50-ms").median), measure.Text(s.of(name, "revoke-max-ms").highest),
			measure.Text(s.of(name, "issuance/s").median), measure.Text(s.of(name, "declined/s").median), strings.TrimPrefix(verdict+quiet(p99), "; "))
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
