package fixedkey

import (
	"runtime"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
)

// laneEquation is sB - hA as the rows of addresses whose entries add up to it. If
// the windows of both scalars do not fill the last row, the neutral entry does.
type laneEquation struct {
	rows [maxLaneWindows + lanes.Ahead*lanes.Count]uint64
	used int
}

// set takes a signature apart. False: it is refused whatever the sum.
func (e *laneEquation) set(k *Key, message, signature []byte) bool {
	s, ok := scalarOf(signature)
	if !ok {
		return false
	}
	base, other := k.laneBase, k.laneMinusA
	e.used = base.windows
	base.addresses(e.rows[:], &s)
	lanes.Touch(e.rows[:e.used])
	h := k.challenge(message, signature)
	other.addresses(e.rows[e.used:], &h)
	lanes.Touch(e.rows[e.used : e.used+other.windows])
	e.used += other.windows
	e.fill(base)
	return true
}

// fill makes the last row whole.
func (e *laneEquation) fill(base *laneTable) {
	for ; e.used%lanes.Count != 0; e.used++ {
		e.rows[e.used] = lanes.Address(&base.entries[0])
	}
}

// solve adds up. T of the result is not to be used.
func (e *laneEquation) solve(k *Key, sum *point) {
	var sums lanes.Sums
	sums.AddAll(e.rows[:], e.used/lanes.Count)
	runtime.KeepAlive(k) // the rows hold its entries by address only
	sums.All(&sum.x, &sum.y, &sum.z)
}
