package openloop

import (
	"math/rand/v2"
	"time"
)

// Arrivals draws the times at which work is due, in order. It is not safe for concurrent
// use.
type Arrivals struct {
	random *rand.Rand // nil: evenly spaced
	gap    float64    // mean, nanoseconds
	end    time.Duration
	drawn  int
	at     float64 // the time drawn last, nanoseconds
}

// Poisson returns the arrivals of a Poisson process, the model of unrelated passengers:
// rate per second, above 0, until end. Equal random sources draw equal times.
func Poisson(rate float64, end time.Duration, random *rand.Rand) *Arrivals {
	return &Arrivals{random: random, gap: float64(time.Second) / rate, end: end}
}

// Even returns evenly spaced arrivals.
func Even(rate float64, end time.Duration) *Arrivals { return Poisson(rate, end, nil) }

// Next draws the next time, counted from the start; false after the last.
func (a *Arrivals) Next() (due time.Duration, ok bool) {
	if a.random == nil {
		a.at = float64(a.drawn) * a.gap // multiplied, not accumulated: no drift
	} else {
		a.at += float64(a.random.ExpFloat64() * a.gap) // rounded, so that every processor draws the same
	}
	if a.at >= float64(a.end) {
		return 0, false
	}
	a.drawn++
	return time.Duration(a.at), true
}

// All draws all remaining times.
func (a *Arrivals) All() (due []time.Duration) {
	for at, ok := a.Next(); ok; at, ok = a.Next() {
		due = append(due, at)
	}
	return due
}
