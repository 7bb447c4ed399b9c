package loadtest

import (
	"fmt"
	"time"
)

// Limits say when the load generator, not the gateway, decided what a run measured.
// Such a run is invalid: its latencies are in no report.
type Limits struct {
	// Share is the largest part of the p99 latency that may be the generator's own
	// lateness, if that is above Least. Own lateness is the time from the moment at
	// which an arrival was due and a connection free, to its sending. The wait for a
	// connection is none of it: a slow gateway keeps connections busy.
	Share float64
	Least time.Duration
	// Late is from when on an arrival counts as sent late by the generator, and
	// LateShare how many of all may be: beyond it other arrivals were sent than those
	// that were asked for.
	Late      time.Duration
	LateShare float64
	// Processor is how much of its processors the generator may use, of 1: beyond it
	// answers wait for the generator.
	Processor float64
}

// DefaultLimits are our choice: on a quiet machine with two cores, 5000 checks a
// second have a p99 of 0.6 ms, of which 0.2 are own lateness.
var DefaultLimits = Limits{
	Share: 0.5, Least: 2 * time.Millisecond,
	Late: 20 * time.Millisecond, LateShare: 0.01,
	Processor: 0.9,
}

// exceeded gives the reasons for which a run is invalid. late of so many checks were
// sent late; processor is the share of its processors that the generator used.
func (l *Limits) exceeded(own, all Latency, late, checks int64, processor float64) (reasons []string) {
	if own.P99 > int64(l.Least) && all.Count > 0 && float64(own.P99) > l.Share*float64(all.P99) {
		reasons = append(reasons, fmt.Sprintf("the load generator sent late by itself: its p99 of %s is %.0f %% of the p99 from due to answer, and %.0f %% are allowed",
			pretty(own.P99), 100*float64(own.P99)/float64(all.P99), 100*l.Share))
	}
	if checks > 0 && float64(late) > l.LateShare*float64(checks) {
		reasons = append(reasons, fmt.Sprintf("the load generator sent %d of %d checks more than %v late by itself, and %.0f %% are allowed",
			late, checks, l.Late, 100*l.LateShare))
	}
	if processor > l.Processor {
		reasons = append(reasons, fmt.Sprintf("the load generator used %.0f %% of its processors, and %.0f %% are allowed", 100*processor, 100*l.Processor))
	}
	return reasons
}
