package loadtest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/railgate/railgate/tokens"
)

// WriteText writes the report as text; its last line is a summary.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Interrupted {
		b.WriteString("INTERRUPTED: this report covers the time until then\n\n")
	}
	for _, reason := range r.Invalid {
		fmt.Fprintf(&b, "INVALID: %s\n", reason)
	}
	if len(r.Invalid) > 0 {
		b.WriteString("The latencies of this run are not the gateway's and are not shown: lower the rate, or give the load generator more processors or a machine of its own.\n\n")
	} else {
		r.latencies(&b)
	}
	r.reasons(&b)
	if len(r.FirstWrong) > 0 {
		fmt.Fprintf(&b, "WRONG VERDICTS: %d, the first of them:\n", r.Wrong)
		for _, wrong := range r.FirstWrong {
			fmt.Fprintf(&b, "  %s\n", wrong)
		}
		b.WriteString("\n")
	}
	if len(r.ErrorKinds) > 0 {
		fmt.Fprintf(&b, "ERRORS: %d requests without a verdict, not included in the latencies\n", r.Errors)
		for _, e := range r.ErrorKinds {
			fmt.Fprintf(&b, "  %d × %s\n", e.Count, e.First)
		}
		b.WriteString("\n")
	}
	if r.Unmet > 0 {
		fmt.Fprintf(&b, "UNMET SUPPLY: %d arrivals were due and never sent: %d connections were too few at this rate and latency; the latencies exclude these arrivals and are too low\n\n",
			r.Unmet, r.Connections)
	}
	r.notes(&b)
	fmt.Fprintf(&b, "target: %s arrivals at %.0f/s (%s), result: %.0f right answers/s\n", r.Mix, r.TargetRate, r.Arrivals, r.Rate)
	r.passback(&b)
	if len(r.Verdicts) > 0 {
		fmt.Fprintf(&b, "oldest revocation data of an answer: %d ms\n", r.OldestMS)
	}
	fmt.Fprintf(&b, "the load generator used %.0f %% of its processors\n", 100*r.Processor)
	fmt.Fprintf(&b, "%s, %d cores, %s %s/%s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.OS, r.Machine.Arch)
	unmet := ""
	if r.Unmet > 0 {
		unmet = fmt.Sprintf(", %d unmet", r.Unmet)
	}
	end := fmt.Sprintf("p50 %s p99 %s p99.9 %s", r.Overall.show(2, r.Overall.P50), r.Overall.show(100, r.Overall.P99), r.Overall.show(1000, r.Overall.P999))
	if len(r.Invalid) > 0 {
		end = "INVALID"
	}
	fmt.Fprintf(&b, "loadtest: %d checks, %d answered right at %.0f/s for %.1fs, %d wrong verdicts, %d errors%s, %s\n",
		r.Checks, r.Answered, r.Rate, r.Seconds, r.Wrong, r.Errors, unmet, end)
	_, err := io.WriteString(w, b.String())
	return err
}

// notes writes remarks that the numbers alone do not show.
func (r *Result) notes(b *strings.Builder) {
	if r.Checks == 0 {
		b.WriteString("NOTHING MEASURED: no check was sent after the warm-up; raise the rate or the duration\n\n")
	}
	// A gateway that stalls delays some arrivals; if most are delayed, there are too few
	// connections to show the gateway's own latency.
	if waited := r.SentLate.P50 - r.OwnLateness.P50; len(r.Invalid) == 0 && waited > int64(time.Millisecond) && waited > r.Overall.P50/2 {
		fmt.Fprintf(b, "NOTE: most arrivals waited for one of %d connections longer than for the gateway's answer; use more connections to measure the gateway alone\n\n",
			r.Connections)
	}
}

func (r *Result) latencies(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "latency from due\tcount\tp50\tp90\tp99\tp99.9\tp99.99\tmax\t\n")
	rows := slices.Concat([]Latency{r.Overall}, r.Kinds)
	rows = append(rows, r.SentLate, r.OwnLateness)
	if r.Revocation.Count > 0 {
		rows = append(rows, r.Revocation)
	}
	for _, l := range rows {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", l.Name, l.Count,
			l.show(2, l.P50), l.show(10, l.P90), l.show(100, l.P99), l.show(1000, l.P999), l.show(10_000, l.P9999), l.show(1, l.Max))
	}
	t.Flush() // into a strings.Builder, which never fails
	b.WriteString("\n")
}

// show formats one value of the row, or "-" if there are fewer than n values: a percentile
// exceeded by one in n values needs n values, or it equals the maximum.
func (l Latency) show(n, ns int64) string {
	if l.Count < n {
		return "-"
	}
	return pretty(ns)
}

// line returns the progress line, with the answers of the last second.
func (m *snapshot) line(perSecond int64) string {
	p50, p99, note := m.latency.show(2, m.latency.P50), m.latency.show(100, m.latency.P99), ""
	switch {
	case m.warming:
		note = "  (warming up)"
	case m.limited:
		p50, p99, note = "-", "-", fmt.Sprintf("  (the load generator itself is late, p99 %s)", pretty(m.own.P99))
	}
	return fmt.Sprintf("sent %d  answered %d/s  p50 %s  p99 %s  wrong %d  errors %d%s", m.sent, perSecond, p50, p99, m.wrong, m.failed, note)
}

func (r *Result) reasons(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "kind\tanswer\tcount\n")
	for _, v := range r.Verdicts {
		fmt.Fprintf(t, "%s\t%s\t%d\n", v.Kind, v.Reason, v.Count)
	}
	t.Flush() // as above
	b.WriteString("\n")
}

// verdicts returns one kind's answers in the order of the reasons.
func verdicts(kind string, counts map[tokens.Reason]int64) []Verdict {
	var out []Verdict
	for _, reason := range tokens.Reasons() {
		if n := counts[reason]; n > 0 {
			out = append(out, Verdict{Kind: kind, Reason: reasonName(reason), Count: n})
		}
	}
	return out
}

// reasonName returns a reason as reports name it. Two reasons have the code already_used.
func reasonName(r tokens.Reason) string {
	if r == tokens.ReasonUsedElsewhere {
		return r.String() + " (" + tokens.ClassFraud.String() + ")"
	}
	return r.String()
}

// passback writes what verdicts said about second uses; nothing if passback is off.
func (r *Result) passback(b *strings.Builder) {
	if r.Passback.Mode == passbackOff.String() {
		return
	}
	fmt.Fprintf(b, "passback (%s):", r.Passback.Mode)
	for _, u := range r.Passback.Results {
		fmt.Fprintf(b, " %s %s %d,", u.State, u.Result, u.Count)
	}
	fmt.Fprintf(b, " %d double entries\n", r.Passback.Double)
}

func sortErrors(errs []Error) {
	slices.SortFunc(errs, func(a, b Error) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
}

// pretty formats nanoseconds with three digits: 912ns, 87.4µs, 1.20ms, 2.00s.
func pretty(ns int64) string {
	value, unit := float64(ns), "ns"
	for _, next := range []string{"µs", "ms", "s"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1000, next
	}
	switch {
	case unit == "ns" || value >= 99.95:
		return fmt.Sprintf("%.0f%s", value, unit)
	case value >= 9.995:
		return fmt.Sprintf("%.1f%s", value, unit)
	}
	return fmt.Sprintf("%.2f%s", value, unit)
}
