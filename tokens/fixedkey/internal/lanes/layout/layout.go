// Package layout defines the memory layout that the kernels and their callers share:
// the limbs of a point, of a table entry and of a split scalar. It contains only
// constants, so a gateway links it without the steps of package program.
package layout

// LimbBits is the size of a limb in bits.
const LimbBits = 51

// First limbs of the coordinates of a sum, five limbs each.
const (
	X, Y, Z, T = 0, 5, 10, 15
	SumCells   = 20
)

// First limbs of an addend, five limbs each: y-x, y+x and 2dxy.
const (
	Minus, Plus, Product = 0, 5, 10
	AddendCells          = 15
)

// Ahead is the number of rows by which entries are prefetched in advance: about the
// latency of the last cache level.
const Ahead = 2

// EntryWords lists, for each half of an entry, the limbs of its words.
var EntryWords = [2][8]int{
	{Minus, Minus + 1, Minus + 2, Plus, Plus + 1, Plus + 2, Product, Product + 1},
	{Minus + 3, Minus + 4, Plus + 3, Plus + 4, Product + 2, Product + 3, Product + 4, -1},
}

// EntryWord returns the index in an entry of a cell of area Addend.
func EntryWord(cell int) int {
	for half, cells := range EntryWords {
		for i, c := range cells {
			if c == cell {
				return 8*half + i
			}
		}
	}
	panic("BUG: an entry has no such limb")
}
