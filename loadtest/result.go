package loadtest

import (
	"encoding/json"
	"io"
	"math"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/railgate/railgate/test/tool"
)

// Result holds the measurements of a run, as in its JSON report. Times ending in _ns are
// nanoseconds. It contains no credential, code or key.
type Result struct {
	Command   string    `json:"command"`
	StartedAt time.Time `json:"started_at"`
	Machine   Machine   `json:"machine"`
	Gateway   string    `json:"gateway"`

	TargetRate  float64 `json:"target_rate"` // configured arrivals per second
	Arrivals    string  `json:"arrivals"`    // poisson or uniform
	WarmupS     float64 `json:"warmup_s"`
	DurationS   float64 `json:"duration_s"` // configured
	Connections int     `json:"connections"`
	Mix         string  `json:"mix"`
	Seed        uint64  `json:"seed"`
	Scope       string  `json:"scope"`

	Interrupted bool `json:"interrupted"`
	// Invalid lists the reasons for which the load generator limited the run; such a
	// result has no latencies from due to answer. See Limits.
	Invalid  []string `json:"invalid,omitempty"`
	Warm     int64    `json:"warmup_checks"` // sent in the warm-up: compared, not in the latencies
	Checks   int64    `json:"checks"`        // sent in the measured part
	Answered int64    `json:"answered"`      // of these, with the right verdict
	Seconds  float64  `json:"seconds"`       // from its start to the later of its end and the last answer
	Rate     float64  `json:"rate"`          // Answered by Seconds
	Unmet    int64    `json:"unmet_supply"`  // arrivals that were due and never sent

	Wrong      int64   `json:"wrong_verdicts"` // warm-up included
	FirstWrong []Wrong `json:"first_wrong"`    // at most FirstWrong
	Errors     int64   `json:"errors"`         // requests without a verdict, warm-up included
	ErrorKinds []Error `json:"error_kinds"`

	Overall     Latency   `json:"latency,omitzero"` // of right answers, from due to complete answer
	Kinds       []Latency `json:"latency_by_kind,omitempty"`
	SentLate    Latency   `json:"sent_late"`       // of all checks, from due to sent: busy connections, and this program
	OwnLateness Latency   `json:"own_lateness"`    // this program's part of SentLate, see Limits.Share
	Processor   float64   `json:"processor_share"` // share of its processors that this program used, 0 to 1
	Verdicts    []Verdict `json:"verdicts"`
	Passback    Passback  `json:"passback"`
	Revocation  Latency   `json:"revoke_to_refused"`  // before the run
	OldestMS    int64     `json:"oldest_revocations"` // age of the oldest revocation data in an answer, ms

	curves []curve
}

// Latency is one row of the percentile table. A percentile with too few values above it,
// such as P9999 of 5000, equals the maximum; the text report omits it.
type Latency struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	P50   int64  `json:"p50_ns"`
	P90   int64  `json:"p90_ns"`
	P99   int64  `json:"p99_ns"`
	P999  int64  `json:"p99_9_ns"`
	P9999 int64  `json:"p99_99_ns"`
	Max   int64  `json:"max_ns"`
}

// Verdict counts the answers of one reason to codes of one kind.
type Verdict struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Passback is what verdicts said about second uses.
type Passback struct {
	Mode    string `json:"mode"`    // of the gateway: off, flag or deny
	Results []Use  `json:"results"` // of the measured part
	// Double counts passages of a pass that had passed less than 125 s before, warm-up included. They are wrong
	// verdicts, except at another gateway that did not know of the passage yet.
	Double int64 `json:"double_entries"`
}

// Use counts the verdicts with one state and result of passback.
type Use struct {
	State  string `json:"state"`
	Result string `json:"result"`
	Count  int64  `json:"count"`
}

// Error counts the requests of one class of failure.
type Error struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	First string `json:"first"` // text of the first one
}

// Clean reports whether every arrival was sent and answered right, and the run was not
// interrupted. A clean run may still be invalid.
func (r *Result) Clean() bool {
	return r.Wrong == 0 && r.Errors == 0 && r.Unmet == 0 && !r.Interrupted && r.Checks > 0
}

// WriteJSON writes the result, indented.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// result evaluates the stats after the run.
func (r *runner) result(interrupted bool, revocation *hdrhistogram.Histogram) *Result {
	c, s := r.config, r.stats
	arrivals := "poisson"
	if c.Uniform {
		arrivals = "uniform"
	}
	out := &Result{
		Command: c.Command, StartedAt: r.begun.UTC(), Machine: thisMachine(), Gateway: c.Target.Gateway,
		TargetRate: c.Rate, Arrivals: arrivals, WarmupS: c.Warmup.Seconds(), DurationS: c.Duration.Seconds(),
		Connections: c.Connections, Mix: c.Mix.String(), Seed: c.Seed, Scope: c.Scope.String(),
		Interrupted: interrupted, Warm: s.warm, Checks: s.checks, Answered: s.all.TotalCount(), Unmet: r.unmet,
		Wrong: s.wrong, FirstWrong: append([]Wrong{}, s.first...), Errors: s.failed, ErrorKinds: []Error{},
		Overall: latency("overall", s.all), SentLate: latency("sent late", s.late),
		OwnLateness: latency("own lateness", s.own), Processor: r.processor,
		Revocation: latency("revoke to refused", revocation), OldestMS: s.oldest,
		curves: []curve{newCurve("overall", s.all)},
	}
	out.Passback = Passback{Mode: r.mode.String(), Results: []Use{}, Double: s.double}
	for state := passbackNone + 1; state < passbackStates; state++ {
		for result, n := range s.results[state] {
			if n > 0 {
				out.Passback.Results = append(out.Passback.Results, Use{state.String(), useResult(result).String(), n})
			}
		}
	}
	// An interrupted run ended with its last answer, others not before their time.
	from, to := r.begun.Add(c.Warmup), r.begun.Add(c.run())
	if interrupted || s.lastDone.After(to) {
		to = s.lastDone
	}
	if s.checks > 0 {
		out.Seconds = to.Sub(from).Seconds()
		out.Rate = float64(out.Answered) / out.Seconds
	}
	for name, count := range s.errors {
		out.ErrorKinds = append(out.ErrorKinds, Error{Name: name, Count: count, First: s.examples[name]})
	}
	sortErrors(out.ErrorKinds)
	for k, h := range s.kinds {
		name := Kind(k).String()
		out.Verdicts = append(out.Verdicts, verdicts(name, s.verdicts[k])...)
		if h.TotalCount() > 0 {
			out.Kinds = append(out.Kinds, latency(name, h))
			out.curves = append(out.curves, newCurve(name, h))
		}
	}
	out.Invalid = s.limits.exceeded(out.OwnLateness, out.Overall, s.ownLate, s.checks, r.processor)
	if len(out.Invalid) > 0 {
		out.Overall, out.Kinds, out.curves = Latency{}, nil, nil
	}
	return out
}

func latency(name string, h *hdrhistogram.Histogram) Latency {
	return Latency{
		Name: name, Count: h.TotalCount(), Max: h.Max(),
		P50: h.ValueAtPercentile(50), P90: h.ValueAtPercentile(90), P99: h.ValueAtPercentile(99),
		P999: h.ValueAtPercentile(99.9), P9999: h.ValueAtPercentile(99.99),
	}
}

// curve is a latency distribution for the plot: ns[i] is the latency at i/perNine nines
// (0 nines is the minimum, 2 nines are 99 %).
type curve struct {
	name string
	ns   []int64
}

const perNine = 20

// newCurve ends where the count does: beyond it every percentile is the maximum.
func newCurve(name string, h *hdrhistogram.Histogram) curve {
	c := curve{name: name}
	if h.TotalCount() == 0 {
		return c
	}
	nines := math.Log10(float64(h.TotalCount()))
	for i := 0; i <= int(nines*perNine); i++ {
		share := 1 - math.Pow(10, -float64(i)/perNine)
		c.ns = append(c.ns, max(shortest, h.ValueAtPercentile(100*share)))
	}
	return c
}

// Machine describes the machine of a measurement.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
}

func thisMachine() Machine {
	return Machine{
		CPU: tool.CPU(), Cores: runtime.NumCPU(),
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}
