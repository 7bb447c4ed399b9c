package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// The figures to reach.
const (
	wantMedian  = 10 * time.Millisecond
	wantP99     = 50 * time.Millisecond
	wantCatchUp = time.Second
)

// result is the result of a run.
type result struct {
	refused, late     []time.Duration
	missed            int
	reached           float64 // passages a second
	batches, passages uint64  // acknowledged
	failures          uint64  // attempts that were repeated, and passages that were not told

	caughtUp         time.Duration
	caughtUpPassages int64
	caughtUpBatches  uint64
}

// print prints the figures. A missed figure is reported and is an error, and so is a passage that was admitted
// twice.
func (r *result) print(out io.Writer, o *options) error {
	fmt.Fprintf(out, "passages a second, target %d, reached %.0f, %d gateways, %.1f passages a batch, %d repeated or lost\n",
		o.rate, r.reached, o.gateways, float64(r.passages)/float64(max(r.batches, 1)), r.failures)
	fmt.Fprintf(out, "due to recorded (lateness of this program): %s\n", quantiles(r.late))
	fmt.Fprintf(out, "due to refused at another gateway: %s, %d passages\n", quantiles(r.refused), len(r.refused))
	fmt.Fprintf(out, "start of a gateway to exact: %v, %d passages in %d batches of the last %v\n",
		r.caughtUp.Round(time.Millisecond), r.caughtUpPassages, r.caughtUpBatches, min(o.window, o.length+o.warmUp))
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	sorted := slices.Sorted(slices.Values(r.refused))
	need(len(sorted) > 0, "no passage was measured")
	need(r.missed == 0, "%d passages were merged and the code was admitted again", r.missed)
	if len(sorted) > 0 {
		need(quantile(sorted, 0.5) < wantMedian, "p50 is not below %v", wantMedian)
		need(quantile(sorted, 0.99) < wantP99, "p99 is not below %v", wantP99)
	}
	need(r.caughtUp < wantCatchUp, "the start is not below %v", wantCatchUp)
	return errors.Join(faults...)
}

func quantiles(d []time.Duration) string {
	if len(d) == 0 {
		return "no data"
	}
	d = slices.Sorted(slices.Values(d))
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, p99.9 %v, max %v", quantile(d, 0.5), quantile(d, 0.9), quantile(d, 0.99), quantile(d, 0.999), quantile(d, 1))
}

// quantile returns a quantile of sorted times.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(10 * time.Microsecond)
}
