package load

import (
	"math/rand/v2"
	"time"

	"github.com/railgate/railgate/loadtest/openloop"
)

// Stream is one kind of caller in an open loop, on connections of its own.
type Stream struct {
	Supply      Supply
	Rate        float64 // requests per second
	Connections int
	Seed        uint64 // of the arrivals
}

// arrivals draws the moments at which requests are due; the same seed draws the same ones.
func (s *Stream) arrivals(length time.Duration) []time.Duration {
	return openloop.Poisson(s.Rate, length, rand.New(rand.NewPCG(s.Seed, 0x7261696c67617465))).All()
}

// Outcome is what became of a stream; requests that found no free connection until the
// end are unsent.
type Outcome struct {
	openloop.Outcome
	// Unanswered requests had no answer when the grace was over. Broken ones lost their
	// connection, Wrong ones got a wrong answer.
	Unanswered, Broken, Wrong int
}
