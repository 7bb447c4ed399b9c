package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/railgate/railgate/bench/measure"
	"github.com/railgate/railgate/revocation"
)

// tables renders the selected tables; missed counts the missed floors.
func (s *samples) tables(o *options) (text string, missed int) {
	var b strings.Builder
	fmt.Fprintf(&b, "medians of %d rounds\n", o.rounds)
	if o.rounds < measure.Enough {
		fmt.Fprintf(&b, "NOT A MEASUREMENT: fewer than %d rounds\n", measure.Enough)
	}
	var wanted []*workload
	for i := range workloads {
		for _, group := range o.only {
			if workloads[i].group == group {
				wanted = append(wanted, &workloads[i])
			}
		}
	}
	if wanted != nil {
		missed += s.capacities(&b, o, wanted) + s.latencies(&b, o, wanted)
		b.WriteString("\nnote: the client's processor time is that of the load generator and the broker; with SQLite the database's time is part of the issuer's\n")
	}
	for _, name := range o.only {
		if name == isolationRun {
			for _, w := range placements {
				missed += s.isolation(&b, o, w)
			}
			b.WriteString(isolationNote)
		}
	}
	return b.String(), missed
}

// capacities renders the table of the closed loops.
func (s *samples) capacities(b *strings.Builder, o *options, wanted []*workload) (missed int) {
	fmt.Fprintf(b, "\nCapacity of the issuer: closed loop over %d connections, database %s\n\n", o.connections, o.database)
	b.WriteString("| workload | what | per second | lowest to highest | floor | us of CPU each: issuer | database | client | client's share | |\n|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n")
	for _, l := range wanted {
		name := closedName(l)
		rate := s.Spread(name, "op/s")
		bound, verdict := "none", "no floor"
		if l.floor > 0 {
			bound, verdict = ">= "+measure.Text(l.floor), "met"
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

// latencies renders the table of the open loops.
func (s *samples) latencies(b *strings.Builder, o *options, wanted []*workload) (missed int) {
	fmt.Fprintf(b, "\nLatency at %g times the floor: open loop, from the time due\n\n", o.share)
	b.WriteString("| workload | due/s | p50, ms | p99, ms | p99, lowest to highest | p99.9, ms | sent late, p99, ms | unmet | floor of p99 | us of CPU each: issuer | database | client | |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n")
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
		verdict := "met"
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

// maxSlowdown is how much slower a gate's p99 may be than with an idle issuance side, or with pure
// computing in its place if that is slower, on separate processors. The host of a virtual machine
// takes processors away for milliseconds, more often if all are busy: the issuance side does not
// cause that. Faster is not a fault: a processor that does not sleep answers sooner.
const maxSlowdown = 1.10

const isolationNote = "\nnote: no-database: the database stops, as in a crash, after a quarter of each round and starts again after the round; answered and declined requests are of the whole round. " +
	"Revocation to refusal is measured just before the gate's round, with the same load and with the database. The issuer never accepted a revocation without its database.\n"

// isolation renders the table of one placement.
func (s *samples) isolation(b *strings.Builder, o *options, w placement) (missed int) {
	fmt.Fprintf(b, "\nA gate at %s checks/s during load on the issuance side: %s\n\n", measure.Text(o.gateRate), w.title)
	b.WriteString("| issuance side | p50, ms | p99, ms | p99, lowest to highest | p99.9, ms | p99 against idle | against computing | floor | oldest data, ms | data at the end | revocation to refusal, p50, ms | longest | answered/s | declined/s | |\n" +
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
			bound, verdict = fmt.Sprintf("<= %.2fx of either", maxSlowdown), "met"
			if p99.Median > maxSlowdown*max(calm, busy) {
				verdict = floorMissed
				missed++
			}
		}
		states := slices.Compact(slices.Sorted(slices.Values(s.states[name])))
		// Without its database the issuer publishes nothing; otherwise the stream must continue.
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

// times returns one as a multiple of other.
func times(one, other float64) string {
	if other == 0 {
		return ""
	}
	return fmt.Sprintf("%.2fx", one/other)
}

// samples are the results of the rounds, as values and as text in the form of Go's benchmarks.
type samples struct {
	measure.Samples
	states map[string][]string // of the gate's revocation data at the end of each phase
	raw    bytes.Buffer
}

func newSamples() *samples {
	return &samples{Samples: measure.NewSamples(), states: map[string][]string{}}
}

func value(unit string, n float64) measure.Value { return measure.Value{Unit: unit, Number: n} }

// add adds one round of n operations.
func (s *samples) add(name string, n int, values ...measure.Value) {
	s.Add(name, values...)
	fmt.Fprintf(&s.raw, "Benchmark%s\t%8d", name, n)
	for _, v := range values {
		fmt.Fprintf(&s.raw, "\t%10.3f %s", v.Number, v.Unit)
	}
	s.raw.WriteByte('\n')
}

// without records why a measurement is not possible here.
func (s *samples) without(name, why string) {
	s.NotRun[name] = why
	fmt.Fprintf(&s.raw, "NotRun %s: %s\n", name, why)
}

// state records the state of the gate's data at the end of a phase.
func (s *samples) state(name, state string) {
	s.states[name] = append(s.states[name], state)
	fmt.Fprintf(&s.raw, "State %s: %s\n", name, state)
}
