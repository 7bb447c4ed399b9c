package loadtest

import (
	"errors"
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
	warm     int64 // answers of the warm-up
	checks   int64 // sent after it, whatever came back
	late     *hdrhistogram.Histogram
	all      *hdrhistogram.Histogram
	kinds    [kindCount]*hdrhistogram.Histogram
	verdicts [kindCount]map[tokens.Reason]int64
	wrong    int64
	first    []Wrong
	errors   map[string]int64
	examples map[string]string
	failed   int64
	oldest   int64 // revocation data, milliseconds
	lastDone time.Time
}

func newTally() *tally {
	t := &tally{
		late: newHistogram(), all: newHistogram(),
		errors: map[string]int64{}, examples: map[string]string{},
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
	got             *answer // nil where there was none
	err             error
	warm            bool
}

// add counts one outcome. Wrong verdicts and errors of the warm-up count like
// any other; only its latencies and its number are kept apart. A request that
// failed has a latency too, until it was given up, or a gateway could improve
// its figures by not answering.
func (t *tally) add(o outcome) {
	differs := ""
	if o.err == nil {
		differs = o.shot.judge(o.got, o.sent.Unix())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.warm {
		t.warm++
	} else {
		t.checks++
		latency := o.done.Sub(o.due)
		record(t.all, latency)
		record(t.kinds[o.shot.kind], latency)
		record(t.late, o.sent.Sub(o.due))
		if o.done.After(t.lastDone) {
			t.lastDone = o.done
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
	if differs != "" {
		t.wrong++
		if len(t.first) < FirstWrong {
			t.first = append(t.first, o.shot.wrong(differs))
		}
	}
}

// fail sorts errors under few names, each with the first text it came with.
func (t *tally) fail(err error) {
	name := err.Error()
	if errors.Is(err, errConnection) {
		name = errConnection.Error()
	}
	if t.errors[name] == 0 {
		t.examples[name] = err.Error()
	}
	t.errors[name]++
	t.failed++
}

// moment is what the progress line shows.
type moment struct {
	warm, checks, wrong, failed int64
	p50, p99                    time.Duration
}

func (t *tally) moment() moment {
	t.mu.Lock()
	defer t.mu.Unlock()
	return moment{
		warm: t.warm, checks: t.checks, wrong: t.wrong, failed: t.failed,
		p50: time.Duration(t.all.ValueAtPercentile(50)), p99: time.Duration(t.all.ValueAtPercentile(99)),
	}
}
