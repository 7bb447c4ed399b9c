// Package overload tells how loaded the process is by what a request feels of it:
// how long goroutines that could run wait for a processor. It needs no notion of
// capacity, and sees a container's quota and a busy neighbour as well as work.
//
// It promises that Level costs one atomic load. It does not see what waits in the
// kernel: a connection whose bytes nobody has been woken for yet.
package overload

import (
	"context"
	"math"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Level is how loaded the process was in the last period, or in the last window if
// goroutines waited seldom.
type Level int32

// The levels, by the wait that nine in ten goroutines had at most. A scan is due
// within some 300 ms, or the passenger stops walking.
const (
	Calm Level = iota
	Busy       // 0.5 ms: the processors are full, and queues form
	Full       // 100 ms: a request waits longer than a scan may take
	Over       // 400 ms
	levelCount
)

var levelNames = [levelCount]string{"calm", "busy", "full", "over"}

func (l Level) String() string { return levelNames[l] }

// Levels lists all.
func Levels() []Level { return []Level{Calm, Busy, Full, Over} }

var thresholds = [levelCount]time.Duration{Busy: 500 * time.Microsecond, Full: 100 * time.Millisecond, Over: 400 * time.Millisecond}

const (
	// period is how often the gauge is read.
	period = 20 * time.Millisecond
	// rest is how long Busy outlasts its cause: what it led to ends the cause, and
	// would end itself, and a flood would come in gusts.
	busyHold = time.Second
	// share of the waits that count as the wait.
	quantileRank = 0.9
	// enough waits tell the wait; the runtime records one in eight.
	minWaits = 16
	// window bounds how long waits are collected when there are fewer: long slices
	// of the processor make few waits, and these are the longest.
	maxWindow = 200 * time.Millisecond
)

// Gauge is read by many and written by its Run.
type Gauge struct {
	level  atomic.Int32
	wait   atomic.Int64 // ns
	pinned atomic.Bool

	busyPeriods int // periods for which Busy goes on; of Run alone
}

// Level is the level now.
func (g *Gauge) Level() Level { return Level(g.level.Load()) }

// Wait is what nine in ten goroutines waited at most, in the period or window of Level.
func (g *Gauge) Wait() time.Duration { return time.Duration(g.wait.Load()) }

// Hold keeps the level where it is told, for tests of what it leads to.
func (g *Gauge) Pin(l Level) {
	g.pinned.Store(true)
	g.level.Store(int32(l))
}

// Run reads the gauge until ctx ends.
func (g *Gauge) Run(ctx context.Context) {
	samples := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	var before []uint64
	var since time.Time
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		metrics.Read(samples)
		h, now := samples[0].Value.Float64Histogram(), time.Now()
		if before == nil {
			before, since = append(before, h.Counts...), now
		} else if wait, n := quantile(h, before); n >= minWaits || now.Sub(since) >= maxWindow {
			g.set(wait)
			before, since = append(before[:0], h.Counts...), now
		} else if g.busyPeriods > 0 {
			g.busyPeriods--
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (g *Gauge) set(wait time.Duration) {
	level := Calm
	for l := Busy; l < levelCount; l++ {
		if wait >= thresholds[l] {
			level = l
		}
	}
	g.wait.Store(int64(wait))
	if level >= Busy {
		g.busyPeriods = int(busyHold / period)
	} else if g.busyPeriods > 0 {
		g.busyPeriods--
		level = Busy
	}
	if !g.pinned.Load() {
		g.level.Store(int32(level))
	}
}

// quantile is the upper end of the bucket in which the given share of the waits
// since before lies, and how many waits there were; 0 if there were none.
func quantile(h *metrics.Float64Histogram, before []uint64) (wait time.Duration, total uint64) {
	for i, n := range h.Counts {
		total += n - before[i]
	}
	if total == 0 {
		return 0, 0
	}
	limit := uint64(math.Ceil(quantileRank * float64(total)))
	var below uint64
	for i, n := range h.Counts {
		if below += n - before[i]; below >= limit {
			// The first bucket has no lower end and the last no upper one.
			if i+2 < len(h.Buckets) {
				return time.Duration(h.Buckets[i+1] * float64(time.Second)), total
			}
			return time.Duration(h.Buckets[i] * float64(time.Second)), total
		}
	}
	return 0, total
}
