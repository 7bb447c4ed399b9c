package lanes

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Split splits scalars into windows of one width, for tables of one layout.
type Split struct {
	plan    layout.Split
	windows int
}

// NewSplit returns a Split for tables with the given window width, number of windows
// (at most layout.SplitWindows) and entries per window (stride). Half a window must have
// been added to all digits of a scalar but the last.
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

// Scalar is a scalar with half a window added to all digits but the last. The upper
// words are 0.
type Scalar [8]uint64

// Addresses writes the addresses of one scalar's entries, and up to seven more. out must
// have room for the number of windows, rounded up to a multiple of 8.
func (s *Split) Addresses(out []uint64, scalar *Scalar, table *Entry) {
	_ = out[(s.windows+7)&^7-1]
	split(&out[0], &scalar[0], &s.plan[0][0], Address(table), s.windows)
}

// Scalars contains one scalar per lane. The last word is 0.
type Scalars [5]Words

// Set stores a scalar in a lane, with half a window added as in [Scalar].
func (s *Scalars) Set(lane int, words [5]uint64) {
	for i, w := range words {
		s[i][lane] = w
	}
}

// Rows writes one row per window: for each lane the address of the entry of its scalar
// in its table.
func (s *Split) Rows(out []uint64, scalars *Scalars, tables *Words) {
	_ = out[s.windows*Count-1]
	splitLanes(&out[0], &scalars[0][0], &s.plan[0][0], &tables[0], s.windows)
}
