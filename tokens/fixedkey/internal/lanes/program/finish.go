package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Finish contains the steps at the end of a batch. Multiply computes Third = First *
// Second, five cells each. The limbs of the factors are below Uncarried, those of the
// product below Carried.
//
// Compare reads x and y of a point from First and Second, limbs below Carried, and the
// four words of an encoding of a point (RFC 8032 section 5.1.2) from Third. It sets
// Fourth, one cell, to 0 in the lanes where the encoding is that of x and y, bit by bit.
type Finish struct {
	Setup, Multiply, Compare []Step
	Regs                     Reg
}

// NewFinish returns the lists of steps.
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

// reduce reduces an element below 2p modulo p and leaves limbs of 51 bits. The element
// is p or more if adding 19 reaches 2^255.
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
		e[i] = l.do(Step{Op: And, A: e[i], B: l.mask}) // in the last limb this subtracts 2^255
	}
	return l.claim(e, 1<<layout.LimbBits)
}

// words converts reduced limbs to 64-bit words, each from two limbs.
func (l *list) words(e element) (w [4]Reg) {
	for i := range w {
		const spare = 64 - layout.LimbBits
		low := l.do(Step{Op: Shift, A: e[i], N: spare * i})
		w[i] = l.add(low, l.left(e[i+1], layout.LimbBits-spare*i))
	}
	return w
}

func (l *list) left(a Reg, n int) Reg { return l.do(Step{Op: Left, A: a, N: n}) }

// compare adds the steps of Compare. The encoding is y with the lowest bit of x in its
// highest bit.
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
