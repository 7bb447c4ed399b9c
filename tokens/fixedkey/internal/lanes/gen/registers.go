package main

import (
	"slices"

	"github.com/mmcloughlin/avo/reg"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// A list of steps has no branch, so its registers can be given out and taken back
// as it goes along: as many are in use as there must be, which is more than the
// allocator of avo, made for all programs, can manage with.

// lastUses says where each register is used for the last time.
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

// processor's registers, the one to give out next at the end.
var vectors = func() (all []reg.VecPhysical) {
	for _, r := range reg.Vector.Registers() {
		if z, ok := r.(reg.VecPhysical); ok && z.Size() == 64 {
			all = append(all, z)
		}
	}
	slices.SortFunc(all, func(a, b reg.VecPhysical) int { return int(b.PhysicalIndex()) - int(a.PhysicalIndex()) })
	return all
}()

// reg is a register's register of the processor.
func (w *writer) reg(r program.Reg) reg.VecPhysical {
	if w.regs[r] == nil {
		if len(w.free) == 0 {
			panic("BUG: the steps need more registers than there are")
		}
		w.regs[r], w.free = w.free[len(w.free)-1], w.free[:len(w.free)-1]
	}
	return w.regs[r]
}

// giveBack is for a register that is used no more. Those of setup stay.
func (w *writer) giveBack(r program.Reg) {
	if !w.kept[r] {
		w.free = append(w.free, w.regs[r])
		delete(w.regs, r)
	}
}
