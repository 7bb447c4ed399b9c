package passage

import (
	"sync/atomic"
	"unsafe"
)

// counters are read by Stats. Only merged is written for each passage, by the reader of the stream.
type counters struct {
	now      atomic.Int64 // of the last Turn, Unix ms
	lostAt   atomic.Int64 // latest time of a passage that had no room, Unix ms
	lost     atomic.Int64
	merged   atomic.Int64
	untimely atomic.Int64
	turns    atomic.Int64
}

// lose records that a passage had no room.
func (c *counters) lose(at int64) {
	c.lost.Add(1)
	for {
		latest := c.lostAt.Load()
		if at <= latest || c.lostAt.CompareAndSwap(latest, at) {
			return
		}
	}
}

// Stats describes a table for metrics. Counts are since the start.
type Stats struct {
	Entries  int   // slots in use; the keys of both generations count
	Capacity int   // entries for which the table is sized
	Bytes    int   // memory of both generations
	Merged   int64 // passages from elsewhere
	Untimely int64 // passages from elsewhere that were not stored: older than the window, or far ahead
	Lost     int64 // passages for which there was no room
	Turns    int64 // changes of generations
}

// Stats returns the counts. They are not of one moment.
func (t *Table) Stats() Stats {
	g, c := t.generations.Load(), &t.counters
	s := Stats{
		Entries: g.current.entries() + g.previous.entries(), Capacity: 2 * t.blocks * blockSlots * loadEntries / loadOf,
		Merged: c.merged.Load(), Untimely: c.untimely.Load(), Lost: c.lost.Load(), Turns: c.turns.Load(),
	}
	for _, g := range [...]*generation{&g.current, &g.previous} {
		if g.used != nil {
			s.Bytes += len(g.blocks)*int(unsafe.Sizeof(block{})) + int(unsafe.Sizeof(*g.used))
		}
	}
	return s
}

// LostUntil returns the time, Unix ms, until which the table may admit a second use, because a passage had no
// room; 0: never. Verdicts before it must say that the table is full.
func (t *Table) LostUntil() int64 {
	if at := t.counters.lostAt.Load(); at != 0 {
		return at + t.window
	}
	return 0
}
