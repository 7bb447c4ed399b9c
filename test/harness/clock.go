package harness

import (
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens/tokentest"
)

// Beijing is the time zone of the rules.
var Beijing = time.FixedZone("Beijing", 8*60*60)

// Clock is the time that issuer and gateway judge by. It begins on 10 February 2026,
// 8 o'clock in Beijing, and stands still until it is moved.
type Clock struct{ ns atomic.Int64 }

func newClock() *Clock {
	c := new(Clock)
	c.Set(time.Unix(tokentest.Epoch, 0))
	return c
}

// Now is the present moment of the story, in Beijing.
func (c *Clock) Now() time.Time { return time.Unix(0, c.ns.Load()).In(Beijing) }

// Move moves the clock forward.
func (c *Clock) Move(by time.Duration) { c.ns.Add(int64(by)) }

// Set moves the clock to a moment.
func (c *Clock) Set(to time.Time) { c.ns.Store(to.UnixNano()) }
