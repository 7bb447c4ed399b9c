package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// tick is the interval at which the clock is set, and so how late a limit may strike.
const tick = 100 * time.Millisecond

// clock returns the time since its start at the cost of one load. The limits here need
// no finer time than a tick.
type clock struct {
	start time.Time

	// elapsed is the time of the last tick, ns since start. Without a ticker it is
	// stopped, and now asks the system: a clock that does not advance would lead to
	// deadlines in the past.
	elapsed atomic.Int64

	begun sync.Once
	ended sync.Once
	end   chan struct{}
}

const stopped = -1

func newClock() *clock {
	c := &clock{start: time.Now(), end: make(chan struct{})}
	c.elapsed.Store(stopped)
	return c
}

// now returns the time since start, at most one tick in the past.
func (c *clock) now() time.Duration {
	if elapsed := c.elapsed.Load(); elapsed != stopped {
		return time.Duration(elapsed)
	}
	return time.Since(c.start)
}

// at returns the time d after the clock's start.
func (c *clock) at(d time.Duration) time.Time { return c.start.Add(d) }

// run starts the ticker, once, until stop.
func (c *clock) run() { c.begun.Do(func() { go c.tick() }) }

func (c *clock) tick() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	defer c.elapsed.Store(stopped)
	for {
		c.elapsed.Store(int64(time.Since(c.start)))
		select {
		case <-ticker.C:
		case <-c.end:
			return
		}
	}
}

func (c *clock) stop() { c.ended.Do(func() { close(c.end) }) }
