package load

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Stream is one kind of caller in an open loop, on connections of its own.
type Stream struct {
	Supply      Supply
	Rate        float64 // requests per second
	Connections int
	Seed        uint64 // of the arrivals
}

// Outcome is what became of a stream.
type Outcome struct {
	Due  int // requests that were due
	Good int // answered as they must be
	Busy int // declined
	// Unsent requests found no free connection until the end, or no request was
	// left; Unanswered ones had no answer when the grace was over. Broken ones lost
	// their connection, Wrong ones got a wrong answer.
	Unsent, Unanswered, Broken, Wrong int
	// Latency is from the moment due to the whole answer, sorted. A request that
	// got none is in it with the time until it was given up.
	Latency []time.Duration
	// Late is from the moment due to the moment sent where a connection was free,
	// sorted: what this side itself adds.
	Late []time.Duration
	// First is the first fault, for the report.
	First error
}

// Quantile of sorted durations; 0 if there are none. q is in (0, 1].
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.999999) // the smallest rank that covers q
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// arrivals are the moments at which requests are due, a Poisson process, as
// unrelated passengers are. The same arguments draw the same ones.
func arrivals(rate float64, length time.Duration, seed uint64) (due []time.Duration) {
	random := rand.New(rand.NewPCG(seed, 0x7261696c67617465))
	gap := float64(time.Second) / rate
	for at := random.ExpFloat64() * gap; at < float64(length); at += random.ExpFloat64() * gap {
		due = append(due, time.Duration(at))
	}
	return due
}

func (o *Outcome) fault(err error) {
	if o.First == nil {
		o.First = err
	}
}

func (o *Outcome) sort() {
	slices.Sort(o.Latency)
	slices.Sort(o.Late)
}
