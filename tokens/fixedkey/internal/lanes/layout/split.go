package layout

// SplitWindows is the greatest number of windows of a Split, a multiple of 8.
const SplitWindows = 64

// Columns of a Split, one word per window.
const (
	SplitWord   = iota // index of the scalar's word in which the window begins
	SplitShift         // bit of the word at which the window begins
	SplitMask          // mask of a digit
	SplitHalf          // half a window, subtracted from the digit
	SplitOffset        // offset of the window's first entry in bytes
	splitColumns
)

// Split describes how a 256-bit scalar is split into the addresses of table entries.
// Unused windows have offset 0.
type Split [splitColumns][SplitWindows]uint64
