package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often the clock is set: how late a time limit may strike.
const tick = 100 * time.Millisecond

// clock tells the time since its start at the price of one load. A request has
// no other use for the time here than to know whether seconds have passed.
type clock struct {
	start time.Time

	// told is the last tick, ns since start. While nobody ticks it is stopped,
	// and now asks the system: a clock that stands still would cut off everyone.
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

// now is at most a tick in the past.
func (c *clock) now() time.Duration {
	if elapsed := c.elapsed.Load(); elapsed != stopped {
		return time.Duration(elapsed)
	}
	return time.Since(c.start)
}

// at is the moment that is d after the clock's start.
func (c *clock) at(d time.Duration) time.Time { return c.start.Add(d) }

// run begins to tick, once, until stop.
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
