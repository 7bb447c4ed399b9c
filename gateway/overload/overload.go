// Package overload measures how loaded the process is by the effect on requests: how
// long runnable goroutines wait for a processor. The measure needs no notion of
// capacity, and includes a container's CPU quota and other processes on the machine.
//
// It promises that Level costs one atomic load. It does not see work that waits in
// the kernel: connections with bytes for which no goroutine was woken yet.
package overload

import (
	"context"
	"math"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Level is how loaded the process was in the last period, or in the last window if
// few goroutines waited.
type Level int32

// The levels, by the 90th percentile of the wait. A scan is due within about 300 ms,
// or the passenger stops walking.
const (
	Calm Level = iota
	Busy       // 0.5 ms: the processors are fully used, and queues form
	Full       // 100 ms: a request waits longer than a scan may take
	Over       // 400 ms
	levelCount
)

var levelNames = [levelCount]string{"calm", "busy", "full", "over"}

func (l Level) String() string { return levelNames[l] }

// Levels returns all levels in ascending order.
func Levels() []Level { return []Level{Calm, Busy, Full, Over} }

var thresholds = [levelCount]time.Duration{Busy: 500 * time.Microsecond, Full: 100 * time.Millisecond, Over: 400 * time.Millisecond}

const (
	// period is the interval between two readings.
	period = 20 * time.Millisecond
	// busyHold is how long Busy outlasts its cause. Without it the delays that Busy
	// triggers would end Busy, then themselves, and a flood would return in bursts.
	busyHold = time.Second
	// quantileRank is the quantile of the waits that the levels are compared with.
	quantileRank = 0.9
	// minWaits is how many waits make a reading; the runtime records one in eight.
	minWaits = 16
	// maxWindow bounds how long waits are collected if there are fewer: long slices of
	// the processor make few waits, and these are the longest.
	maxWindow = 200 * time.Millisecond
)

// Gauge holds the measured level. Any goroutine may read it; Run writes it.
type Gauge struct {
	level  atomic.Int32
	wait   atomic.Int64 // ns
	pinned atomic.Bool

	busyPeriods int // remaining periods of Busy; used by Run alone
}

// Level returns the current level.
func (g *Gauge) Level() Level { return Level(g.level.Load()) }

// Wait returns the 90th percentile of the wait in the period or window of Level.
func (g *Gauge) Wait() time.Duration { return time.Duration(g.wait.Load()) }

// Pin fixes the level, for tests of its effects.
func (g *Gauge) Pin(l Level) {
	g.pinned.Store(true)
	g.level.Store(int32(l))
}

// Run takes readings until ctx ends.
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

// quantile returns the upper end of the bucket that contains the quantile of the waits
// since before, and how many waits there were; 0 if there were none.
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
