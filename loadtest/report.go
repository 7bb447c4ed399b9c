package loadtest

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/railgate/railgate/tokens"
)

// WriteText writes the report for people; its last line says all in one.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Interrupted {
		b.WriteString("INTERRUPTED: what was measured until then\n\n")
	}
	r.latencies(&b)
	r.reasons(&b)
	if len(r.FirstWrong) > 0 {
		fmt.Fprintf(&b, "WRONG VERDICTS: %d, the first of them:\n", r.Wrong)
		for _, wrong := range r.FirstWrong {
			fmt.Fprintf(&b, "  %s\n", wrong)
		}
		b.WriteString("\n")
	}
	if len(r.ErrorKinds) > 0 {
		fmt.Fprintf(&b, "ERRORS: %d requests without a verdict\n", r.Errors)
		for _, e := range r.ErrorKinds {
			fmt.Fprintf(&b, "  %d × %s\n", e.Count, e.First)
		}
		b.WriteString("\n")
	}
	if r.Unmet > 0 {
		fmt.Fprintf(&b, "UNMET SUPPLY: %d arrivals were due and never sent: %d connections were not enough at this rate and latency\n\n",
			r.Unmet, r.Connections)
	}
	fmt.Fprintf(&b, "asked for %s arrivals at %.0f/s (%s), got %.0f/s; oldest revocation data behind an answer: %d ms\n",
		r.Mix, r.TargetRate, r.Arrivals, r.Rate, r.OldestMS)
	fmt.Fprintf(&b, "%s, %d cores, %s %s/%s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.OS, r.Machine.Arch)
	unmet := ""
	if r.Unmet > 0 {
		unmet = fmt.Sprintf(", %d unmet", r.Unmet)
	}
	fmt.Fprintf(&b, "loadtest: %d checks at %.0f/s for %.1fs, %d wrong verdicts, %d errors%s, p50 %s p99 %s p99.9 %s\n",
		r.Checks, r.Rate, r.Seconds, r.Wrong, r.Errors, unmet,
		pretty(r.Overall.P50), pretty(r.Overall.P99), pretty(r.Overall.P999))
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) latencies(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "latency from due\tcount\tp50\tp90\tp99\tp99.9\tp99.99\tmax\t\n")
	rows := append([]Latency{r.Overall}, r.Kinds...)
	rows = append(rows, r.SentLate)
	if r.Revocation.Count > 0 {
		rows = append(rows, r.Revocation)
	}
	for _, l := range rows {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", l.Name, l.Count,
			pretty(l.P50), pretty(l.P90), pretty(l.P99), pretty(l.P999), pretty(l.P9999), pretty(l.Max))
	}
	t.Flush() // into a strings.Builder, which never fails
	b.WriteString("\n")
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

// verdicts lists one kind's answers in the order of the reasons.
func verdicts(kind string, counts map[tokens.Reason]int64) []Verdict {
	var out []Verdict
	for _, reason := range tokens.Reasons() {
		if n := counts[reason]; n > 0 {
			out = append(out, Verdict{Kind: kind, Reason: reason.String(), Count: n})
		}
	}
	return out
}

func sortErrors(errs []Error) {
	slices.SortFunc(errs, func(a, b Error) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
}

// pretty writes nanoseconds with three digits: 912ns, 87.4µs, 1.20ms, 2.00s.
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
