package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// element is a field element in registers.
type element [5]Reg

// list collects steps.
type list struct {
	steps []Step
	regs  *Reg // number of registers so far
	// Constants that stay in registers.
	mask, nineteen, bias0, bias Reg
}

// setup loads the constants that stay in registers.
func (l *list) setup() []Step {
	l.mask, l.nineteen = l.load(Const, mask), l.load(Const, nineteen)
	l.bias0, l.bias = l.load(Const, bias), l.load(Const, bias+1)
	return l.cut()
}

// cut returns the steps so far and begins a new list.
func (l *list) cut() []Step {
	steps := l.steps
	l.steps = nil
	return steps
}

func (l *list) reg() Reg {
	*l.regs++
	return *l.regs
}

func (l *list) do(s Step) Reg {
	if s.D == 0 && s.Op != Store {
		s.D = l.reg()
	}
	l.steps = append(l.steps, s)
	return s.D
}

func (l *list) load(area Area, i int) Reg       { return l.do(Step{Op: Load, M: Cell{area, i}}) }
func (l *list) store(area Area, i int, a Reg)   { l.do(Step{Op: Store, A: a, M: Cell{area, i}}) }
func (l *list) add(a, b Reg) Reg                { return l.do(Step{Op: Add, A: a, B: b}) }
func (l *list) sub(a, b Reg) Reg                { return l.do(Step{Op: Sub, A: a, B: b}) }
func (l *list) pick(m Mask, a, b Reg) Reg       { return l.do(Step{Op: Pick, A: a, B: b, Mask: m}) }
func (l *list) blocks(a, b Reg, which int) Reg  { return l.do(Step{Op: Blocks, A: a, B: b, N: which}) }
func (l *list) choose(a, b Reg, order Cell) Reg { return l.do(Step{Op: Choose, A: a, B: b, M: order}) }

// each returns f of every limb.
func each(f func(i int) Reg) (e element) {
	for i := range e {
		e[i] = f(i)
	}
	return e
}

func (l *list) loadElement(area Area, at int) element {
	return each(func(i int) Reg { return l.load(area, at+i) })
}

func (l *list) storeElement(area Area, at int, e element) {
	for i, limb := range e {
		l.store(area, at+i, limb)
	}
}

// plus returns a + b, not carried.
func (l *list) plus(a, b element) element { return each(func(i int) Reg { return l.add(a[i], b[i]) }) }

// minus returns a - b, not carried.
func (l *list) minus(a, b element) element {
	return each(func(i int) Reg { return l.less(i, a[i], b[i]) })
}

// less returns limb i of a - b. It adds 2^9 p, so no limb becomes negative.
func (l *list) less(i int, a, b Reg) Reg {
	more := l.bias
	if i == 0 {
		more = l.bias0
	}
	return l.sub(l.add(a, more), b)
}

// carry reduces limbs of up to 2^61 to below 2^51 + 2^15, all in parallel: the bits of a
// limb above 51 are added to the next limb, those of the last limb, times 19, to the
// first.
func (l *list) carry(e element) element {
	above := each(func(i int) Reg { return l.do(Step{Op: Shift, A: e[i], N: layout.LimbBits}) })
	e = each(func(i int) Reg { return l.do(Step{Op: And, A: e[i], B: l.mask}) })
	l.do(Step{Op: Low, D: e[0], A: above[4], B: l.nineteen})
	for i := range 4 {
		l.do(Step{Op: Add, D: e[i+1], A: e[i+1], B: above[i]})
	}
	return l.claim(e, Carried)
}

// Carried is the exclusive bound of limbs after carry, Uncarried the bound after times.
const (
	Carried   = 1<<layout.LimbBits + 1<<15
	Uncarried = 815238614083298888 // 2^59.5
)

// claim states that all limbs are below a limit. It produces no instruction: command
// bounds proves it, and [Machine.Run] checks it.
func (l *list) claim(e element, limit uint64) element {
	for _, limb := range e {
		l.steps = append(l.steps, Step{Op: Claim, A: limb, Limit: limit})
	}
	return e
}

// operand returns a limb of an element, from a register or from memory.
type operand func(i int) Reg

func (e element) operand() operand { return func(i int) Reg { return e[i] } }

// cells returns an element in memory as an operand. Each limb is loaded when it is used.
func (l *list) cells(area Area, at int) operand {
	return func(i int) Reg { return l.load(area, at+i) }
}

// times returns a * b, not carried: limbs below 2^59.5. Limbs of a and b must be below
// 2^52.
//
// A product of limbs has 104 bits. Its upper half has the weight 2^52, twice the weight
// of the next limb: the upper halves are added first and doubled together, then the
// lower halves are added. Limbs above limb 4 are multiplied by 19 and added to the
// lower ones.
func (l *list) times(a element, b operand) (z element) {
	var sum [10]Reg
	for k := 1; k < len(sum); k++ {
		sum[k] = l.do(Step{Op: Clear})
	}
	for j := range 5 {
		limb := b(j)
		for i := range 5 {
			l.do(Step{Op: High, D: sum[i+j+1], A: a[i], B: limb})
		}
	}
	for k := 1; k < len(sum); k++ {
		l.do(Step{Op: Add, D: sum[k], A: sum[k], B: sum[k]})
	}
	sum[0] = l.do(Step{Op: Clear})
	for j := range 5 {
		limb := b(j)
		for i := range 5 {
			l.do(Step{Op: Low, D: sum[i+j], A: a[i], B: limb})
		}
	}
	z = each(func(k int) Reg {
		back := l.do(Step{Op: Times, A: sum[k+5], B: l.nineteen})
		return l.do(Step{Op: Add, D: sum[k], A: sum[k], B: back})
	})
	return l.claim(z, Uncarried)
}
