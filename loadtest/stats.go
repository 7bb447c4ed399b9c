package loadtest

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/tokens"
)

// Range of every latency histogram, nanoseconds, kept to three digits. The
// upper end is longer than any run, so nothing that waited is cut.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Hour)
	digits   = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// record keeps values in range, so that it cannot fail.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), shortest), longest))
}

// tally is everything counted in a run. One mutex guards it: it is held for a
// tenth of a microsecond per check, and the sum is exact at every moment.
type tally struct {
	mu       sync.Mutex
	warm     int64 // sent in the warm-up, whatever came back
	checks   int64 // sent after it, whatever came back
	right    int64 // right answers, warm-up included
	late     *hdrhistogram.Histogram
	own      *hdrhistogram.Histogram // the part of late that is this program's
	ownLate  int64                   // of checks, sent late by more than Limits.Late by this program
	all      *hdrhistogram.Histogram // right answers to checks
	kinds    [kindCount]*hdrhistogram.Histogram
	verdicts [kindCount]map[tokens.Reason]int64
	wrong    int64
	first    []Wrong
	errors   map[string]int64
	examples map[string]string
	failed   int64
	oldest   int64 // revocation data, milliseconds
	lastDone time.Time

	limits Limits
}

func newTally(limits Limits) *tally {
	t := &tally{
		late: newHistogram(), own: newHistogram(), all: newHistogram(),
		errors: map[string]int64{}, examples: map[string]string{}, limits: limits,
	}
	for k := range t.kinds {
		t.kinds[k], t.verdicts[k] = newHistogram(), map[tokens.Reason]int64{}
	}
	return t
}

// outcome is what became of one arrival.
type outcome struct {
	shot            *shot
	due, sent, done time.Time
	free            time.Time // when its connection was free to send it
	got             *answer   // nil where there was none
	err             error
	warm            bool // sent in the warm-up
}

// own is how late the arrival was sent although a connection was free: the load
// generator's part of the latency.
func (o *outcome) own() time.Duration {
	if o.free.After(o.due) {
		return o.sent.Sub(o.free)
	}
	return o.sent.Sub(o.due)
}

// add counts one outcome. Wrong verdicts and errors of the warm-up count like
// any other; only its latencies and its number are kept apart. Only a right answer
// has a latency: a gateway that fails fast must not improve its percentiles.
func (t *tally) add(o outcome) {
	differs := ""
	if o.err == nil {
		differs = o.shot.judge(o.got, o.sent.Unix())
	}
	right := o.err == nil && differs == ""
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.warm {
		t.warm++
	} else {
		t.checks++
		t.sent(&o)
		if right {
			latency := o.done.Sub(o.due)
			record(t.all, latency)
			record(t.kinds[o.shot.kind], latency)
		}
	}
	if o.err != nil {
		t.fail(o.err)
		return
	}
	if !o.warm {
		t.verdicts[o.shot.kind][o.got.reason]++
	}
	t.oldest = max(t.oldest, o.got.ageMS)
	if right {
		t.right++
		return
	}
	t.wrong++
	if len(t.first) < FirstWrong {
		t.first = append(t.first, o.shot.wrong(differs))
	}
}

// sent records when a check went out and was over.
func (t *tally) sent(o *outcome) {
	own := o.own()
	record(t.late, o.sent.Sub(o.due))
	record(t.own, own)
	if own > t.limits.Late {
		t.ownLate++
	}
	if o.done.After(t.lastDone) {
		t.lastDone = o.done
	}
}

// fail sorts errors under few names, each with the first text it came with.
func (t *tally) fail(err error) {
	name := class(err)
	if t.errors[name] == 0 {
		t.examples[name] = err.Error()
	}
	t.errors[name]++
	t.failed++
}

// moment is what the progress line shows.
type moment struct {
	sent, right, wrong, failed int64
	warming                    bool
	latency, own               Latency // P50 and P99 only: answers wait meanwhile
	limited                    bool    // by this program: the latencies are not the gateway's
}

func (t *tally) moment() moment {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := moment{
		sent: t.warm + t.checks, right: t.right, wrong: t.wrong, failed: t.failed, warming: t.checks == 0,
		latency: Latency{Count: t.all.TotalCount(), P50: t.all.ValueAtPercentile(50), P99: t.all.ValueAtPercentile(99)},
		own:     Latency{Count: t.own.TotalCount(), P99: t.own.ValueAtPercentile(99)},
	}
	m.limited = len(t.limits.exceeded(m.own, m.latency, t.ownLate, t.checks, 0)) > 0
	return m
}
