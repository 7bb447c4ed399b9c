package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

const swapHalves = 0x4e // the order of blocks 2, 3, 0, 1

// difference returns, for a in the lower lanes and b in the upper lanes, b - a in the
// lower and b + a in the upper lanes, carried.
func (l *list) difference(ab element) element {
	return l.carry(each(func(i int) Reg {
		ba := l.blocks(ab[i], ab[i], swapHalves)
		return l.pick(Upper, l.less(i, ba, ab[i]), l.add(ba, ab[i]))
	}))
}

// join adds the points of one half of the lanes to those of the other half:
// "add-2008-hwcd-3" of the Explicit-Formulas Database. At most four lanes have a point,
// so the other four contain a second coordinate, and 9 multiplications become 5:
//
//	[Y1-X1 | Y1+X1] [Y2-X2 | Y2+X2] = [A | B]     [B-A | B+A] = [E | H]
//	[T1 | Z1] [2d | 2] [T2 | Z2]    = [C | D]     [D-C | D+C] = [F | G]
//	[E | G] [F | H] = [X | Y]       [E | F] [H | G] = [T | Z]
//
// Before the first level each coordinate has all eight lanes: Sum contains X, Y, Z, T.
// Afterwards Sum contains [X | Y] in the place of X and of Y, and [T | Z] in the place
// of T and of Z.
func (l *list) join() {
	first, second := Cell{Order, 0}, Cell{Order, 1}
	halves := func(low, high int) (p, q element) {
		a, b := l.loadElement(Sum, low), l.loadElement(Sum, high)
		p = each(func(i int) Reg { return l.choose(a[i], b[i], first) })
		q = each(func(i int) Reg { return l.choose(a[i], b[i], second) })
		return p, q
	}
	p, q := halves(layout.X, layout.Y)
	p, q = l.difference(p), l.difference(q)
	eh := l.difference(l.times(p, q.operand()))
	l.storeElement(Scratch, 0, eh)

	p, q = halves(layout.T, layout.Z)
	l.storeElement(Scratch, 5, l.carry(q))
	p = l.carry(l.times(l.carry(p), l.cells(Const, joint)))
	fg := l.difference(l.times(p, l.cells(Scratch, 5)))

	eh = l.loadElement(Scratch, 0)
	const lower, upper = 0x44, 0xee // the lower halves of both, the upper halves of both
	for i := range 5 {
		l.store(Scratch, i, l.pick(Upper, eh[i], fg[i]))
		l.store(Scratch, 5+i, l.pick(Upper, fg[i], eh[i]))
	}
	ef := each(func(i int) Reg { return l.blocks(eh[i], fg[i], lower) })
	hg := each(func(i int) Reg { return l.blocks(eh[i], fg[i], upper) })

	tz := l.times(ef, hg.operand())
	l.storeElement(Sum, layout.T, tz)
	l.storeElement(Sum, layout.Z, tz)
	eg := l.loadElement(Scratch, 0)
	xy := l.times(eg, l.cells(Scratch, 5))
	l.storeElement(Sum, layout.X, xy)
	l.storeElement(Sum, layout.Y, xy)
}
