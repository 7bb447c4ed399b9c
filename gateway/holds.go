package gateway

import (
	"sync/atomic"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

// mostHolds is how many holds of one device are remembered. A barrier lets one person through at a time.
const mostHolds = 8

// holds remembers the latest holds of one device, because the report of its barrier names a serial and other
// gateways know a passage by the time of its scan. It takes no lock.
type holds struct {
	next  atomic.Uint32
	slots [mostHolds]heldScan
}

// heldScan is one hold. A writer sets key to 0 first and last to the key, so a reader that finds the same key
// before and after read the words of one hold.
type heldScan struct{ key, at, session atomic.Uint64 }

func holdKey(s tokens.Serial, way passage.Way) uint64 {
	return 1<<63 | uint64(way)<<48 | uint64(s.Day)<<32 | uint64(s.Index)
}

// remember stores the hold of an attempt in a session that started at start, Unix seconds.
func (h *holds) remember(a *passage.Attempt, start int64) {
	s := &h.slots[h.next.Add(1)%mostHolds]
	s.key.Store(0)
	s.at.Store(uint64(a.At))
	s.session.Store(uint64(start)<<8 | uint64(a.Step))
	s.key.Store(holdKey(a.Serial, a.Way))
}

// find returns the time, Unix ms, the session's start and the step of the latest remembered hold of a serial.
func (h *holds) find(serial tokens.Serial, way passage.Way) (at, start int64, step uint8, ok bool) {
	key := holdKey(serial, way)
	for i := range h.slots {
		s := &h.slots[i]
		if s.key.Load() != key {
			continue
		}
		when, session := int64(s.at.Load()), s.session.Load()
		if s.key.Load() == key && when > at {
			at, start, step, ok = when, int64(session>>8), uint8(session), true
		}
	}
	return at, start, step, ok
}
