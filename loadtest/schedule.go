package loadtest

import (
	"math/rand/v2"
	"time"
)

// How often a pass is shown again falls with the number of passes shown since:
// P(d) ∝ (rescanFlat+d)^-rescanSkew. Four in five go back at most 4000 passes
// (entrance, platform gate, conductor); the tail reaches any pass of the run.
const (
	rescanSkew = 2.0
	rescanFlat = 1000.0
	rescanTail = 1 << 22
)

// Arrival is one passenger at the gate.
type Arrival struct {
	Due  time.Duration // since the schedule's start
	Kind Kind
	// Which is the pass: for Fresh a number counted from 0; for Rescan, and for
	// Tampered where Shown, the number of a fresh one that arrived before;
	// otherwise a number to be taken modulo the sessions at hand.
	Which uint32
	Shown bool
	// Dice are random bits for whatever else differs between codes of a kind.
	Dice uint64
}

// Schedule draws arrivals in order. The same arguments draw the same ones. It
// may not be used by two goroutines at once.
type Schedule struct {
	mix     Mix
	gap     float64 // mean, nanoseconds
	end     time.Duration
	uniform bool

	random *rand.Rand
	back   *rand.Zipf
	drawn  int
	at     float64 // of the last arrival drawn, nanoseconds
	shown  uint32
}

// NewSchedule draws arrivals at rate per second until end. They are a Poisson
// process, as unrelated passengers are, or evenly spaced if uniform.
func NewSchedule(mix Mix, rate float64, end time.Duration, uniform bool, seed uint64) *Schedule {
	random := rand.New(rand.NewPCG(seed, 0x7261696c67617465))
	return &Schedule{
		mix: mix, gap: float64(time.Second) / rate, end: end, uniform: uniform,
		random: random, back: rand.NewZipf(random, rescanSkew, rescanFlat, rescanTail),
	}
}

// Next draws the next arrival; false after the last.
func (s *Schedule) Next() (Arrival, bool) {
	if s.uniform {
		s.at = float64(s.drawn) * s.gap // multiplied, not added up: no drift
	} else {
		s.at += s.random.ExpFloat64() * s.gap
	}
	if s.at >= float64(s.end) {
		return Arrival{}, false
	}
	s.drawn++
	a := Arrival{
		Due:  time.Duration(s.at),
		Kind: s.mix.at(s.random.IntN(s.mix.sum())),
		Dice: s.random.Uint64(),
	}
	if a.Kind == Rescan && s.shown == 0 {
		a.Kind = Fresh // the first passenger cannot come again
	}
	switch {
	case a.Kind == Fresh:
		a.Which = s.shown
		s.shown++
	case s.shown > 0 && (a.Kind == Rescan || a.Kind == Tampered):
		// A tampered code is made from a pass that the gateway holds for good:
		// a cache that compares too little would let it in.
		a.Which, a.Shown = s.again(), true
	default:
		a.Which = s.random.Uint32()
	}
	return a, true
}

// again picks a pass shown before.
func (s *Schedule) again() uint32 {
	back := s.back.Uint64()
	if back >= uint64(s.shown) {
		return s.random.Uint32N(s.shown)
	}
	return s.shown - 1 - uint32(back)
}

// Count draws all that is left and counts it: all arrivals, and the fresh ones.
func (s *Schedule) Count() (arrivals, fresh int) {
	for {
		a, ok := s.Next()
		if !ok {
			return arrivals, fresh
		}
		arrivals++
		if a.Kind == Fresh {
			fresh++
		}
	}
}
