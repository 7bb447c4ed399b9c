// Package layout is what the kernels and those who call them agree on: where the
// limbs of a point, of a table's entry and of a split scalar lie in memory. It holds
// constants only, so that a gateway links them without the steps of package program.
package layout

// LimbBits is the size of a limb.
const LimbBits = 51

// First limbs of the coordinates of a sum, five limbs each.
const (
	X, Y, Z, T = 0, 5, 10, 15
	SumCells   = 20
)

// First limbs of what is added, five limbs each: y-x, y+x and 2dxy.
const (
	Minus, Plus, Product = 0, 5, 10
	AddendCells          = 15
)

// Ahead is how many rows before its turn a row's entries are asked for: about the
// time that the last level of cache takes.
const Ahead = 2

// EntryWords are the 16 words of an entry: for each half, these limbs.
var EntryWords = [2][8]int{
	{Minus, Minus + 1, Minus + 2, Plus, Plus + 1, Plus + 2, Product, Product + 1},
	{Minus + 3, Minus + 4, Plus + 3, Plus + 4, Product + 2, Product + 3, Product + 4, -1},
}

// EntryWord is the place in an entry of a cell of Addend.
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
