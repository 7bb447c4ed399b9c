package main

import (
	"slices"

	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// A list of steps has no branches, so registers are allocated and released in one pass,
// with the least possible number in use. That number is still too high for avo's own
// allocator, which handles arbitrary programs.

// lastUses returns the step of each register's last use.
func lastUses(steps []program.Step) map[program.Reg]int {
	last := map[program.Reg]int{}
	for n, s := range steps {
		if s.Op == program.Claim {
			continue
		}
		for _, r := range []program.Reg{s.D, s.A, s.B} {
			if r != 0 {
				last[r] = n
			}
		}
	}
	return last
}

// vectors contains the vector registers of the processor. The last is allocated first.
var vectors = func() (all []reg.VecPhysical) {
	for _, r := range reg.Vector.Registers() {
		if z, ok := r.(reg.VecPhysical); ok && z.Size() == 64 {
			all = append(all, z)
		}
	}
	slices.SortFunc(all, func(a, b reg.VecPhysical) int { return int(b.PhysicalIndex()) - int(a.PhysicalIndex()) })
	return all
}()

// reg returns the processor register of r and allocates it if necessary.
func (w *writer) reg(r program.Reg) reg.VecPhysical {
	if w.regs[r] == nil {
		if len(w.free) == 0 {
			panic("BUG: the steps need more registers than the processor has")
		}
		w.regs[r], w.free = w.free[len(w.free)-1], w.free[:len(w.free)-1]
	}
	return w.regs[r]
}

// release frees a register after its last use, except the registers of setup.
func (w *writer) release(r program.Reg) {
	if !w.kept[r] {
		w.free = append(w.free, w.regs[r])
		delete(w.regs, r)
	}
}
