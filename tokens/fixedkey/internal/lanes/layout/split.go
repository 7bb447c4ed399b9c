package layout

// SplitWindows is how many windows a Split has room for, a multiple of 8.
const SplitWindows = 64

// Columns of a Split, one word for each window.
const (
	SplitWord   = iota // which word of the scalar the window begins in
	SplitShift         // at which of its bits
	SplitMask          // of a digit
	SplitHalf          // what is taken away from the digit again
	SplitOffset        // of the window's first entry, bytes
	splitColumns
)

// Split says how a scalar of 256 bits is taken apart into the addresses of table
// entries. A window that does not exist comes to offset 0.
type Split [splitColumns][SplitWindows]uint64
