package lanes

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Split takes scalars apart into windows of one width, of a table of its kind.
type Split struct {
	plan    layout.Split
	windows int
}

// NewSplit is for tables of so many windows of a width, with stride entries each,
// at most layout.SplitWindows windows. To all digits but the last half a window
// was added.
func NewSplit(width uint, windows, stride int) *Split {
	s := &Split{windows: windows}
	for i := range windows {
		bit := uint64(i) * uint64(width)
		s.plan[layout.SplitWord][i], s.plan[layout.SplitShift][i] = bit/64, bit%64
		s.plan[layout.SplitOffset][i] = uint64(i * stride * EntrySize)
		s.plan[layout.SplitMask][i], s.plan[layout.SplitHalf][i] = 1<<width-1, 1<<(width-1)
	}
	s.plan[layout.SplitMask][windows-1], s.plan[layout.SplitHalf][windows-1] = 1<<64-1, 0
	return s
}

// Scalar is a scalar with half a window added to all digits but the last; the other
// words are 0.
type Scalar [8]uint64

// Addresses writes the addresses of one scalar's entries, and up to seven more: out
// has room for a number of them that 8 divides.
func (s *Split) Addresses(out []uint64, scalar *Scalar, table *Entry) {
	_ = out[(s.windows+7)&^7-1]
	split(&out[0], &scalar[0], &s.plan[0][0], Address(table), s.windows)
}

// Scalars are eight scalars, side by side. The last word is 0.
type Scalars [5]Words

// Set puts a scalar into a lane, half a window added as for Scalar.
func (s *Scalars) Set(lane int, words [5]uint64) {
	for i, w := range words {
		s[i][lane] = w
	}
}

// Rows writes a row for each window: the address of the entry of each lane's own
// scalar, in the lane's own table.
func (s *Split) Rows(out []uint64, scalars *Scalars, tables *Words) {
	_ = out[s.windows*Count-1]
	splitLanes(&out[0], &scalars[0][0], &s.plan[0][0], &tables[0], s.windows)
}
