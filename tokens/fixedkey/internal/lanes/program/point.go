package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Kernel adds table entries in eight lanes. Its pieces run in this order:
//
//	Setup
//	Fetch, Start       the first entries become the sum
//	Fetch              loads the second entries
//	Round, repeated    adds the loaded entries and loads the next
//	Join, three times  optional: adds all lanes
type Kernel struct {
	Setup, Fetch, Start, Round, Join []Step
	Regs                             Reg // number of registers
}

// New returns the lists of steps.
func New() *Kernel {
	var k Kernel
	l := &list{regs: &k.Regs}
	k.Setup = l.setup()
	l.fetch(0)
	l.fetch(1)
	k.Fetch = l.cut()
	l.start()
	k.Start = l.cut()
	l.round()
	k.Round = l.cut()
	l.join()
	k.Join = l.cut()
	return &k
}

// fetch loads half an entry per lane and transposes the eight rows of eight words:
// afterwards each register contains one limb of all lanes. Negation of an entry swaps
// y-x and y+x; round also negates 2dxy.
func (l *list) fetch(half int) {
	var rows, pairs, fours, columns [8]Reg
	for lane := range rows {
		rows[lane] = l.load(Entry, 2*lane+half)
	}
	for i := range 4 { // of lanes 2i and 2i+1: even columns, odd columns
		pairs[i] = l.do(Step{Op: Even, A: rows[2*i], B: rows[2*i+1]})
		pairs[4+i] = l.do(Step{Op: Odd, A: rows[2*i], B: rows[2*i+1]})
	}
	const first, second = 0x88, 0xdd // blocks 0 and 2, blocks 1 and 3, of both
	for odd := range 2 {
		p := pairs[4*odd:]
		for i := range 2 {
			fours[4*odd+2*i] = l.blocks(p[2*i], p[2*i+1], first)
			fours[4*odd+2*i+1] = l.blocks(p[2*i], p[2*i+1], second)
		}
		f := fours[4*odd:]
		for i := range 2 {
			columns[2*i+odd] = l.blocks(f[i], f[2+i], first)
			columns[4+2*i+odd] = l.blocks(f[i], f[2+i], second)
		}
	}
	place := map[int]Reg{}
	for i, cell := range layout.EntryWords[half] {
		place[cell] = columns[i]
	}
	for i, cell := range layout.EntryWords[half] {
		switch {
		case cell < 0:
		case cell < layout.Plus:
			l.store(Addend, cell, l.pick(Signs, columns[i], place[cell+layout.Plus]))
		case cell < layout.Product:
			l.store(Addend, cell, l.pick(Signs, columns[i], place[cell-layout.Plus]))
		default:
			l.store(Addend, cell, columns[i])
		}
	}
}

// start sets the sum to the entries. Sum and difference of y+x and y-x are 2y and 2x.
// Scaling all coordinates by 4 avoids halving: X = 4x, Y = 4y, Z = 4,
// T = 4xy = (2x)(2y).
func (l *list) start() {
	minus, plus := l.loadElement(Addend, layout.Minus), l.loadElement(Addend, layout.Plus)
	x, y := l.carry(l.minus(plus, minus)), l.carry(l.plus(plus, minus))
	l.storeElement(Sum, layout.T, l.times(x, y.operand()))
	l.storeElement(Sum, layout.X, l.plus(x, x))
	l.storeElement(Sum, layout.Y, l.plus(y, y))
	two := l.load(Const, joint)
	two = l.blocks(two, two, 0xff) // lanes 6 and 7 in all lanes
	zero := l.do(Step{Op: Clear})
	l.store(Sum, layout.Z, l.add(two, two))
	for i := 1; i < 5; i++ {
		l.store(Sum, layout.Z+i, zero)
	}
}

// Cells of Scratch.
const (
	atF = 0
	atG = 5
	atH = 10
)

// round adds the entries: "madd-2008-hwcd-3" of the Explicit-Formulas Database, 7
// multiplications. Between the last multiplications it loads the entries of the next
// round: loading waits for memory and uses other execution units.
func (l *list) round() {
	x, y := l.loadElement(Sum, layout.X), l.loadElement(Sum, layout.Y)
	a, b := l.carry(l.minus(y, x)), l.carry(l.plus(y, x))
	a, b = l.times(a, l.cells(Addend, layout.Minus)), l.times(b, l.cells(Addend, layout.Plus))
	e, h := l.carry(l.minus(b, a)), l.carry(l.plus(b, a))
	l.storeElement(Scratch, atH, h)

	c := l.times(l.carry(l.loadElement(Sum, layout.T)), l.cells(Addend, layout.Product))
	z := l.loadElement(Sum, layout.Z)
	d := l.plus(z, z)
	f, g := l.carry(l.minus(d, c)), l.carry(l.plus(d, c))
	for i := range 5 { // with 2dxy negated, F is G and G is F
		l.store(Scratch, atF+i, l.pick(Signs, f[i], g[i]))
		l.store(Scratch, atG+i, l.pick(Signs, g[i], f[i]))
	}

	l.storeElement(Sum, layout.X, l.times(e, l.cells(Scratch, atF)))
	l.fetch(0)
	l.storeElement(Sum, layout.T, l.times(e, l.cells(Scratch, atH)))
	l.fetch(1)
	g = l.loadElement(Scratch, atG)
	l.storeElement(Sum, layout.Y, l.times(g, l.cells(Scratch, atH)))
	l.storeElement(Sum, layout.Z, l.times(g, l.cells(Scratch, atF)))
}
