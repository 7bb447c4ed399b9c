package revocation

import (
	"iter"

	"github.com/railgate/railgate/tokens"
)

// snapshotSlice is one slice of closed sessions in a snapshot.
type snapshotSlice struct {
	number uint32   // start / sliceSpan
	words  []uint64 // see wordSet; ascending in the file
}

// copy returns the sessions as words, for a snapshot. It takes no lock: sessions added concurrently may be
// included or not.
func (c *ClosedSessions) copy() (all []snapshotSlice) {
	t := c.slices.Load()
	for i := range t.slices {
		table := t.slices[i].Load()
		if table == nil {
			continue
		}
		list := make([]uint64, 0, len(table.words)*3/4)
		for i := range table.words {
			if w := table.words[i].Load(); w != 0 {
				list = append(list, w)
			}
		}
		if len(list) > 0 {
			all = append(all, snapshotSlice{uint32(t.first + int64(i)), list})
		}
	}
	return all
}

// load adds the sessions of a snapshot to the set. fits is false if the set is full.
func (c *ClosedSessions) load(all []snapshotSlice) (fits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range all {
		for _, word := range s.words {
			if _, fits := c.putWord(int64(s.number), word); !fits {
				return false
			}
		}
	}
	return true
}

// ClosedSession is one session of a [ClosedSessions] or a [Snapshot]. Times are Unix seconds.
type ClosedSession struct {
	Serial        tokens.Serial
	Start, Closed int64
}

// sessionOf decodes a word of a slice.
func sessionOf(number int64, word uint64) ClosedSession {
	start := number*sliceSpan + int64(word>>secondShift&(1<<10-1))
	day := tokens.DayOf(start)
	if word&dayBit != 0 {
		day--
	}
	return ClosedSession{tokens.Serial{Day: uint16(day), Index: uint32(word >> indexShift)}, start, start + int64(word&maxOpen)}
}

// readable reports whether the words are valid, unique and in ascending order.
func (s *snapshotSlice) readable() bool {
	const unused = (1<<8 - 1) << 12
	last := uint64(0)
	for _, w := range s.words {
		if w&wordSet == 0 || w&unused != 0 || w>>secondShift&(1<<10-1) >= sliceSpan || w&^maxOpen <= last {
			return false
		}
		last = w &^ maxOpen
	}
	return int64(s.number)*sliceSpan <= 1<<32-1 && len(s.words) > 0
}

// All yields every session, in no particular order. It takes no lock.
func (c *ClosedSessions) All() iter.Seq[ClosedSession] { return allClosed(c.copy()) }

func allClosed(all []snapshotSlice) iter.Seq[ClosedSession] {
	return func(yield func(ClosedSession) bool) {
		for i := range all {
			for _, word := range all[i].words {
				if !yield(sessionOf(int64(all[i].number), word)) {
					return
				}
			}
		}
	}
}
