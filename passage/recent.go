package passage

import (
	"iter"

	"github.com/railgate/railgate/tokens"
)

// Recent is a passage as a table stores it, without its place.
type Recent struct {
	Serial tokens.Serial
	Way    Way
	State  State
	Step   uint8
	At     int64 // Unix ms
}

// Recent yields the passages at a station that were at a time or later, in no particular order; some are yielded
// twice. from and now are Unix ms. It reads the whole table, takes no lock and delays no attempt: concurrent
// passages may be included or not. Of 256 passages at another station one is included too.
func (t *Table) Recent(station string, from, now int64) iter.Seq[Recent] {
	return func(yield func(Recent) bool) {
		wanted := PlaceOf(station, "").station()
		g := t.generations.Load()
		for _, generation := range [...]*generation{&g.current, &g.previous} {
			for i := range generation.blocks {
				for j := range generation.blocks[i] {
					key, w := generation.blocks[i][j].key.Load(), generation.blocks[i][j].load()&^closedBit
					if w == 0 || w.place().station() != wanted || now-w.age(now) < from {
						continue
					}
					if !yield(Recent{tokens.Serial{Day: uint16(key >> 32), Index: uint32(key)}, Way(key / wayBit & 1), w.state(), w.step(), now - w.age(now)}) {
						return
					}
				}
			}
		}
	}
}
