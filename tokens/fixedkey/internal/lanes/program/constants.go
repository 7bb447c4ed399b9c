package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Constants contains the cells of area Const.
var Constants = func() (c [constCells][8]uint64) {
	all := func(cell int, w uint64) {
		for lane := range c[cell] {
			c[cell][lane] = w
		}
	}
	all(mask, 1<<layout.LimbBits-1)
	all(nineteen, 19)
	// 2^9 times p, limb by limb: greater than every product that is subtracted.
	all(bias, biasFactor*(1<<layout.LimbBits-19))
	all(bias+1, biasFactor*(1<<layout.LimbBits-1))
	all(SignBit, 1)
	for i, limb := range twoD {
		for lane := range c[joint+i] {
			if c[joint+i][lane] = limb; lane >= 4 {
				c[joint+i][lane] = 0
			}
		}
	}
	for lane := 4; lane < 8; lane++ {
		c[joint][lane] = 2
	}
	return c
}()

const (
	mask     = 0 // mask of a limb
	nineteen = 1 // 2^255 = 19 modulo p
	bias     = 2 // two cells: for limb 0, for the other limbs
	joint    = 4 // five cells: 2d in lanes 0 to 3, 2 in lanes 4 to 7
	// SignBit is the cell of the bit that is set in the address of a negated entry.
	SignBit = 9

	constCells = 10
	biasFactor = 1 << 9
)

// twoD contains the limbs of 2d, RFC 8032 section 5.1.
var twoD = [5]uint64{0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}

// Orders lists, for each of the three levels of Join, the lanes of two registers that
// form the first addend and those that form the second. At the first level the
// registers are two coordinates, at the other levels they are the same.
var Orders = [3][2][8]uint64{
	{{0, 1, 2, 3, 8, 9, 10, 11}, {4, 5, 6, 7, 12, 13, 14, 15}},
	{{0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 6, 7, 4, 5}},
	{{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6}},
}
