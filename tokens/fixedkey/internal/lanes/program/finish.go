package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Finish is what ends a batch. Multiply is Third = First * Second, five cells each.
// Limbs of what is given are below Uncarried; those of the product are below Carried.
//
// Compare takes x and y of a point in First and Second, limbs below Carried, and in
// Third the four words of an encoding of a point (RFC 8032 section 5.1.2). Fourth,
// one cell, becomes 0 where x and y are encoded so, to the last bit.
type Finish struct {
	Setup, Multiply, Compare []Step
	Regs                     Reg
}

// NewFinish writes the lists.
func NewFinish() *Finish {
	var f Finish
	l := &list{regs: &f.Regs}
	f.Setup = l.setup()
	x, y := l.carry(l.loadElement(First, 0)), l.carry(l.loadElement(Second, 0))
	l.storeElement(Third, 0, l.carry(l.times(x, y.operand())))
	f.Multiply = l.cut()
	l.compare()
	f.Compare = l.cut()
	return &f
}

// reduce takes from an element below 2p what is above p, and leaves limbs of 51
// bits. There is something above p if adding 19 reaches 2^255.
func (l *list) reduce(e element) element {
	l.claim(e, Carried)
	over := l.do(Step{Op: Shift, A: l.add(e[0], l.nineteen), N: layout.LimbBits})
	for _, limb := range e[1:] {
		over = l.do(Step{Op: Shift, A: l.add(limb, over), N: layout.LimbBits})
	}
	l.do(Step{Op: Low, D: e[0], A: over, B: l.nineteen})
	for i := range e {
		if i > 0 {
			e[i] = l.add(e[i], over)
		}
		over = l.do(Step{Op: Shift, A: e[i], N: layout.LimbBits})
		e[i] = l.do(Step{Op: And, A: e[i], B: l.mask}) // of the last: 2^255 is taken away
	}
	return l.claim(e, 1<<layout.LimbBits)
}

// words puts reduced limbs together: 64 bits of two limbs each.
func (l *list) words(e element) (w [4]Reg) {
	for i := range w {
		const spare = 64 - layout.LimbBits
		low := l.do(Step{Op: Shift, A: e[i], N: spare * i})
		w[i] = l.add(low, l.left(e[i+1], layout.LimbBits-spare*i))
	}
	return w
}

func (l *list) left(a Reg, n int) Reg { return l.do(Step{Op: Left, A: a, N: n}) }

// compare: the encoding is y, and in its highest bit the lowest of x.
func (l *list) compare() {
	x := l.reduce(l.loadElement(First, 0))
	sign := l.left(x[0], 63)
	y := l.words(l.reduce(l.loadElement(Second, 0)))
	y[3] = l.add(y[3], sign)
	var differ Reg
	for i, w := range y {
		d := l.do(Step{Op: Xor, A: w, B: l.load(Third, i)})
		if i > 0 {
			d = l.do(Step{Op: Or, A: differ, B: d})
		}
		differ = d
	}
	l.store(Fourth, 0, differ)
}
