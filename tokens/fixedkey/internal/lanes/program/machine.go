package program

import (
	"fmt"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"math/bits"
)

// Words contains the words of a register or a cell.
type Words = [8]uint64

// Machine runs steps in plain Go, on any platform. It is slow; tests compare the
// assembly with it, bit by bit.
type Machine struct {
	Regs    []Words
	Sum     [layout.SumCells]Words
	Addend  [layout.AddendCells]Words
	Scratch [ScratchCells]Words
	Entry   [16]Words  // see area Entry
	Level   int        // level of Join
	Given   [4][]Words // areas First to Fourth
	Masks   [2]uint8   // bit i: lane i
}

// NewMachine returns a machine for lists with the given number of registers.
func NewMachine(regs Reg) *Machine {
	return &Machine{Regs: make([]Words, regs+1), Masks: [2]uint8{Upper: 0xf0}}
}

func (m *Machine) cell(c Cell) *Words {
	switch c.Area {
	case Sum:
		return &m.Sum[c.Index]
	case Entry:
		return &m.Entry[c.Index]
	case Addend:
		return &m.Addend[c.Index]
	case Scratch:
		return &m.Scratch[c.Index]
	case Const:
		return &Constants[c.Index]
	case Order:
		return &Orders[m.Level][c.Index]
	case First, Second, Third, Fourth:
		return &m.Given[c.Area-First][c.Index]
	}
	panic("BUG: no such area")
}

const low52 = 1<<52 - 1

// Run runs steps. It returns an error for a claim that does not hold and for a result
// that does not fit into a word.
func (m *Machine) Run(steps []Step) error {
	for n, s := range steps {
		d, a, b := &m.Regs[s.D], m.Regs[s.A], m.Regs[s.B]
		switch s.Op {
		case Load:
			*d = *m.cell(s.M)
			continue
		case Store:
			*m.cell(s.M) = a
			continue
		case Choose:
			both := append(a[:], b[:]...)
			for lane, from := range m.cell(s.M) {
				d[lane] = both[from]
			}
			continue
		}
		for lane := range d {
			w, over := uint64(0), uint64(0)
			switch s.Op {
			case Clear:
			case Add:
				w, over = bits.Add64(a[lane], b[lane], 0)
			case Sub:
				w, over = bits.Sub64(a[lane], b[lane], 0)
			case And:
				w = a[lane] & b[lane]
			case Shift:
				w = a[lane] >> s.N
			case Left:
				w = a[lane] << s.N
			case Xor:
				w = a[lane] ^ b[lane]
			case Or:
				w = a[lane] | b[lane]
			case Times:
				over, w = bits.Mul64(a[lane], b[lane])
			case Low, High:
				high, low := bits.Mul64(a[lane]&low52, b[lane]&low52)
				half := low & low52
				if s.Op == High {
					half = high<<12 | low>>52
				}
				w, over = bits.Add64(d[lane], half, 0)
				over |= (a[lane] | b[lane]) >> 52
			case Pick:
				w = a[lane]
				if m.Masks[s.Mask]>>lane&1 == 1 {
					w = b[lane]
				}
			case Even, Odd:
				from := [2]*Words{&a, &b}[lane%2]
				w = from[lane&^1+int(s.Op-Even)]
			case Blocks:
				from := [2]*Words{&a, &b}[lane/4]
				w = from[s.N>>(lane&^1)&3*2+lane%2]
			case Claim:
				if a[lane] >= s.Limit {
					over = 1
				}
			default:
				panic("BUG: no such operation")
			}
			if over != 0 {
				return fmt.Errorf("step %d, %v: lane %d of %x and %x", n, s.Op, lane, a, b)
			}
			if s.Op != Claim {
				d[lane] = w
			}
		}
	}
	return nil
}
