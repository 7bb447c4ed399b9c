package program

import "github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"

// Addition is the addend of a lane in one round: an entry or, if Negate is 1, its
// negative.
type Addition struct {
	Entry  *[16]uint64
	Negate uint8
}

// AddUp runs the kernel in plain Go: it adds rows, at least one, and if join is true all
// lanes into lane 0. It is about a thousand times slower than the assembly. The error
// contains the step that lost a bit.
func (k *Kernel) AddUp(rows [][8]Addition, join bool) (sum [layout.SumCells]Words, err error) {
	m := NewMachine(k.Regs)
	do := func(steps []Step) {
		if err == nil {
			err = m.Run(steps)
		}
	}
	fetch := func(row int) {
		m.Masks[Signs] = 0
		for lane, a := range rows[min(row, len(rows)-1)] {
			m.Entry[2*lane], m.Entry[2*lane+1] = Words(a.Entry[:8]), Words(a.Entry[8:])
			m.Masks[Signs] |= a.Negate << lane
		}
	}
	do(k.Setup)
	fetch(0)
	do(k.Fetch)
	do(k.Start)
	fetch(1)
	do(k.Fetch)
	// In a round the signs change in the middle, when the first word is fetched.
	middle := 0
	for k.Round[middle].M.Area != Entry {
		middle++
	}
	for row := 2; row <= len(rows); row++ {
		do(k.Round[:middle])
		fetch(row)
		do(k.Round[middle:])
	}
	for m.Level = 0; join && m.Level < len(Orders); m.Level++ {
		do(k.Join)
	}
	return m.Sum, err
}
