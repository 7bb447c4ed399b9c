package loadtest

import (
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/loadtest/openloop"
	"github.com/railgate/railgate/tokens"
)

// Range of every latency histogram, nanoseconds, with three digits. The upper end is longer
// than any run, so no value is cut.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Hour)
	digits   = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// record clamps values to the range, so it cannot fail.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), shortest), longest))
}

// stats holds all counts of a run. One mutex guards it: it is locked for a tenth of a
// microsecond per check, and all counts are consistent.
type stats struct {
	mu       sync.Mutex
	warm     int64 // sent in the warm-up, with any result
	checks   int64 // sent after it, with any result
	right    int64 // right answers, including the warm-up
	late     *hdrhistogram.Histogram
	own      *hdrhistogram.Histogram // this program's part of late
	ownLate  int64                   // checks that this program sent late by more than Limits.Late
	all      *hdrhistogram.Histogram // right answers to checks
	kinds    [kindCount]*hdrhistogram.Histogram
	verdicts [kindCount]map[tokens.Reason]int64
	wrong    int64
	first    []Wrong
	errors   map[string]int64
	examples map[string]string
	failed   int64
	oldest   int64 // largest age of revocation data, milliseconds
	lastDone time.Time
	results  [passbackStates][useResults]int64 // of answers to checks that have a passback
	double   int64                             // passages of a pass that had passed less than codeLife before

	limits Limits
}

func newStats(limits Limits) *stats {
	s := &stats{
		late: newHistogram(), own: newHistogram(), all: newHistogram(),
		errors: map[string]int64{}, examples: map[string]string{}, limits: limits,
	}
	for k := range s.kinds {
		s.kinds[k], s.verdicts[k] = newHistogram(), map[tokens.Reason]int64{}
	}
	return s
}

// outcome is the result of one arrival.
type outcome struct {
	openloop.Sending
	sample *sample
	over   time.Time
	got    *answer // nil if there was none
	err    error
	warm   bool // sent in the warm-up
}

// add counts one outcome. Wrong verdicts and errors of the warm-up count like any other;
// only its latencies and its number are separate. Only a right answer has a latency: a
// gateway that fails fast must not improve its percentiles.
func (s *stats) add(o outcome) {
	differs := ""
	if o.err == nil {
		differs = o.sample.judge(o.got, o.Sent.Unix())
	}
	right := o.err == nil && differs == ""
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.warm {
		s.warm++
	} else {
		s.checks++
		s.sent(&o)
		if right {
			latency := o.over.Sub(o.Due)
			record(s.all, latency)
			record(s.kinds[o.sample.kind], latency)
		}
	}
	if o.err != nil {
		s.fail(o.err)
		return
	}
	if !o.warm {
		s.verdicts[o.sample.kind][o.got.reason]++
		s.results[o.got.passback][o.got.result]++
	}
	if o.sample.use.double {
		s.double++
	}
	s.oldest = max(s.oldest, o.got.ageMS)
	if right {
		s.right++
		return
	}
	s.wrong++
	if len(s.first) < FirstWrong {
		s.first = append(s.first, o.sample.wrong(differs))
	}
}

// sent records when a check was sent and when it was over.
func (s *stats) sent(o *outcome) {
	own := o.Own()
	record(s.late, o.Sent.Sub(o.Due))
	record(s.own, own)
	if own > s.limits.Late {
		s.ownLate++
	}
	if o.over.After(s.lastDone) {
		s.lastDone = o.over
	}
}

// fail counts an error under its class, with the first text of each class.
func (s *stats) fail(err error) {
	name := class(err)
	if s.errors[name] == 0 {
		s.examples[name] = err.Error()
	}
	s.errors[name]++
	s.failed++
}

// snapshot holds the values of the progress line.
type snapshot struct {
	sent, right, wrong, failed int64
	warming                    bool
	latency, own               Latency // P50 and P99 only: computing them blocks add
	limited                    bool    // by this program: the latencies are not the gateway's
}

func (s *stats) snapshot() snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := snapshot{
		sent: s.warm + s.checks, right: s.right, wrong: s.wrong, failed: s.failed, warming: s.checks == 0,
		latency: Latency{Count: s.all.TotalCount(), P50: s.all.ValueAtPercentile(50), P99: s.all.ValueAtPercentile(99)},
		own:     Latency{Count: s.own.TotalCount(), P99: s.own.ValueAtPercentile(99)},
	}
	m.limited = len(s.limits.exceeded(m.own, m.latency, s.ownLate, s.checks, 0)) > 0
	return m
}

// Limits define when the load generator, not the gateway, determined the measurements.
// Such a run is invalid: no report contains its latencies.
type Limits struct {
	// Share is the largest part of the p99 latency that may be the generator's own
	// lateness, if that is above Least. Own lateness is the time from the moment at
	// which an arrival was due and a connection free, to its sending. It excludes the
	// wait for a connection: a slow gateway keeps connections busy.
	Share float64
	Least time.Duration
	// Late is the own lateness above which an arrival counts as sent late, and LateShare
	// the largest share of such arrivals: above it the load differs from the configured
	// one.
	Late      time.Duration
	LateShare float64
	// Processor is the largest share of its processors that the generator may use, 0 to
	// 1: above it answers wait for the generator.
	Processor float64
}

// DefaultLimits are our choice: on a quiet machine with two cores, 5000 checks per second
// have a p99 of 0.6 ms, of which 0.2 ms are own lateness.
var DefaultLimits = Limits{
	Share: 0.5, Least: 2 * time.Millisecond,
	Late: 20 * time.Millisecond, LateShare: 0.01,
	Processor: 0.9,
}

// exceeded returns the reasons for which a run is invalid. late of the given checks were
// sent late; processor is the share of its processors that the generator used.
func (l *Limits) exceeded(own, all Latency, late, checks int64, processor float64) (reasons []string) {
	if own.P99 > int64(l.Least) && all.Count > 0 && float64(own.P99) > l.Share*float64(all.P99) {
		reasons = append(reasons, fmt.Sprintf("the load generator's own lateness: its p99 of %s is %.0f %% of the p99 from due to answer; the limit is %.0f %%",
			pretty(own.P99), 100*float64(own.P99)/float64(all.P99), 100*l.Share))
	}
	if checks > 0 && float64(late) > l.LateShare*float64(checks) {
		reasons = append(reasons, fmt.Sprintf("the load generator sent %d of %d checks more than %v late although a connection was free; the limit is %.0f %%",
			late, checks, l.Late, 100*l.LateShare))
	}
	if processor > l.Processor {
		reasons = append(reasons, fmt.Sprintf("the load generator used %.0f %% of its processors; the limit is %.0f %%", 100*processor, 100*l.Processor))
	}
	return reasons
}
